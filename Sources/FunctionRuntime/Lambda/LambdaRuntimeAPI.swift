internal import Base
internal import HTTPClient
internal import System

/// A client for Lambda's Runtime API, version 2018-06-01, on one kept connection.
///
/// Errors that affect only one invocation are logged, because the next one may succeed. Errors that affect the process
/// are thrown. The client must respond to an invocation before it asks for the next one:
///
/// ```swift
/// var lambda = try LambdaRuntimeAPI(address: address, log: log)
/// while true {
///     let invocation = try lambda.next()
///     try lambda.respond(to: invocation.requestID, body: answer(invocation))
/// }
/// ```
struct LambdaRuntimeAPI: ~Copyable {
    /// In bytes.
    ///
    /// Lambda's own limit is 6 MiB. Endpoints accept less, but they check their own limit.
    private static let maximumEventBytes = 64 << 20

    /// Prevents an emulator that hangs from blocking the process without end.
    ///
    /// Lambda itself ends the process earlier.
    private static let answerTimeout: Duration = .seconds(60)

    private let base: String

    /// The URL of the Extensions API, which has the same address.
    let extensions: String

    private let log: Log
    private let reconnection: LambdaReconnection
    private var client: HTTPClient
    private var hasWorked = false

    /// Creates a client.
    ///
    /// It sends nothing yet.
    ///
    /// - Parameters:
    ///   - address: The value of `AWS_LAMBDA_RUNTIME_API`.
    ///   - log: Receives the errors of single invocations.
    ///   - reconnection: How long to wait for a Runtime API that has become unreachable.
    /// - Throws: ``LambdaRuntimeError/invalidAddress`` unless the address is `host:port`.
    init(
        address: String,
        log: Log,
        reconnection: LambdaReconnection = LambdaReconnection()
    ) throws(LambdaRuntimeError) {
        guard address.isHostAndPort else { throw .invalidAddress }
        base = "http://\(address)/2018-06-01/runtime"
        extensions = "http://\(address)/2020-01-01/extension"
        client = HTTPClient(userAgent: "nofx", connectTimeout: .seconds(1))
        self.log = log
        self.reconnection = reconnection
    }

    /// Waits for the next event, without a time limit.
    ///
    /// If the Runtime API becomes unreachable after a success, the client waits for it. If it was never reachable, the
    /// client fails at once.
    ///
    /// - Returns: The event.
    /// - Throws: ``LambdaRuntimeError``. The process must then end with a nonzero status.
    mutating func next() throws(LambdaRuntimeError) -> LambdaInvocation {
        let answer = try waitForAnswer()
        guard answer.status == 200 else { throw .refused(status: answer.status) }
        guard let invocation = LambdaInvocation(answer) else { throw .unanswerable }
        return invocation
    }

    /// Sends the response of an invocation.
    ///
    /// If Lambda rejects the response, the client logs that. The caller must send nothing else for this invocation.
    ///
    /// - Parameters:
    ///   - requestID: The invocation.
    ///   - body: The response in JSON.
    /// - Throws: ``LambdaRuntimeError/refused(status:)`` if Lambda reports that the process cannot continue.
    mutating func respond(to requestID: String, body: [UInt8]) throws(LambdaRuntimeError) {
        try post("/invocation/\(requestID)/response", for: requestID, headers: [], body: body)
    }

    /// Reports that an invocation failed.
    ///
    /// Its caller sees a function error.
    ///
    /// - Parameters:
    ///   - requestID: The invocation.
    ///   - type: `Function.` or `Runtime.` followed by a reason in letters, such as `Runtime.InvalidEvent`.
    ///   - body: JSON with the members `errorMessage` and `errorType`.
    /// - Throws: ``LambdaRuntimeError/refused(status:)`` if Lambda reports that the process cannot continue.
    mutating func fail(_ requestID: String, type: String, body: [UInt8]) throws(LambdaRuntimeError) {
        try post("/invocation/\(requestID)/error", for: requestID, headers: [Self.typeHeader(type)], body: body)
    }

    /// Reports that the process cannot serve any invocation.
    ///
    /// The process must then end with a nonzero status.
    ///
    /// - Parameters:
    ///   - type: `Runtime.` followed by a reason in letters, such as `Runtime.Misconfigured`.
    ///   - body: JSON with the members `errorMessage` and `errorType`.
    /// - Throws: ``LambdaRuntimeError/refused(status:)`` if Lambda reports that the process cannot continue.
    mutating func initializationFailed(type: String, body: [UInt8]) throws(LambdaRuntimeError) {
        try post("/init/error", for: nil, headers: [Self.typeHeader(type)], body: body)
    }

    /// Registers the extension, on the connection that serves the invocations.
    mutating func sendRegistration() -> HTTPResponse? {
        let request = HTTPRequest(
            .post,
            extensions + "/register",
            headers: [("Content-Type", "application/json"), ("Lambda-Extension-Name", "nofx")],
            body: Array(#"{"events":[]}"#.utf8),
            usesProxy: false
        )
        return try? client.send(request, deadline: .after(.seconds(1)))
    }

    private mutating func waitForAnswer() throws(LambdaRuntimeError) -> HTTPResponse {
        let request = HTTPRequest(
            .get,
            base + "/invocation/next",
            maximumResponseBytes: Self.maximumEventBytes,
            usesProxy: false
        )
        var failures = 0
        var patience = Deadline.distantFuture
        while true {
            let failure: HTTPError
            do throws(HTTPError) {
                let answer = try client.send(request, deadline: nil)
                hasWorked = true
                return answer
            } catch {
                failure = error
            }
            failures += 1
            if failures == 1 { patience = .after(reconnection.patience) }
            guard hasWorked, failure.mayPass, !patience.hasPassed else { throw .unreachable(failure) }
            if failures == 1 { log.warning("lambda_api.unreachable", ["reason": failure.debugDescription]) }
            let pause = min(Deadline.after(reconnection.pause(after: failures)), patience)
            SystemClock.sleep(nanoseconds: pause.remainingNanoseconds)
        }
    }

    private mutating func post(
        _ path: String,
        for requestID: String?,
        headers: [(name: String, value: String)],
        body: [UInt8]
    ) throws(LambdaRuntimeError) {
        let request = HTTPRequest(
            .post,
            base + path,
            headers: [("Content-Type", "application/json")] + headers,
            body: body,
            usesProxy: false
        )
        let status: Int
        do throws(HTTPError) {
            status = try client.send(request, deadline: .after(Self.answerTimeout)).status
        } catch {
            // If the Runtime API is unreachable, the invocation is lost too. The call of `next` finds out whether the
            // Runtime API becomes reachable again.
            log.error("answer.lost", ["invocation": requestID, "reason": error.debugDescription])
            return
        }
        switch status {
        case 200..<300: hasWorked = true
        case 413: log.error("answer.too_large", ["invocation": requestID, "bytes": body.count])
        case 500: throw .refused(status: status)
        default: log.error("answer.refused", ["invocation": requestID, "status": status])
        }
    }

    private static func typeHeader(_ type: String) -> (name: String, value: String) {
        ("Lambda-Runtime-Function-Error-Type", type)
    }
}

extension HTTPError {
    /// Whether the error may be transient, for example while a server restarts.
    fileprivate var mayPass: Bool {
        switch kind {
        case .couldNotResolve, .couldNotConnect, .connectionLost, .timeout: true
        case .invalidRequest, .forbiddenAddress, .tls, .untrusted, .cancelled, .tooLarge, .invalidResponse, .failed:
            false
        }
    }
}
