internal import Base
internal import HTTPClient
internal import System

/// The client's side of Lambda's Runtime API, version 2018-06-01, on one kept connection.
///
/// What only concerns one invocation is logged and forgotten, because the next one may be fine; what concerns
/// the process is thrown. One invocation is answered before the next one is asked for:
///
/// ```swift
/// var lambda = try LambdaRuntimeAPI(address: address, log: log)
/// while true {
///     let invocation = try lambda.next()
///     try lambda.respond(to: invocation.requestID, body: answer(invocation))
/// }
/// ```
struct LambdaRuntimeAPI: ~Copyable {
    /// Lambda's own limit is 6 MiB; what an endpoint takes is less and is not decided here.
    private static let maximumEventBytes = 64 << 20

    /// So that an emulator which hangs cannot keep a process for ever; Lambda itself ends it earlier.
    private static let answerTimeout: Duration = .seconds(60)

    private let base: String
    private let log: Log
    private let reconnection: LambdaReconnection
    private var client: HTTPClient
    private var hasWorked = false

    /// Makes a client.
    ///
    /// Nothing is sent yet.
    ///
    /// - Parameters:
    ///   - address: The value of `AWS_LAMBDA_RUNTIME_API`.
    ///   - log: Takes what happens to single invocations.
    ///   - reconnection: How long a Runtime API that went away is waited for.
    /// - Throws: ``LambdaRuntimeError/invalidAddress`` unless the address is `host:port`.
    init(
        address: String,
        log: Log,
        reconnection: LambdaReconnection = LambdaReconnection()
    ) throws(LambdaRuntimeError) {
        guard address.isHostAndPort else { throw .invalidAddress }
        base = "http://\(address)/2018-06-01/runtime"
        client = HTTPClient(userAgent: "nofx", connectTimeout: .seconds(1))
        self.log = log
        self.reconnection = reconnection
    }

    /// Waits for the next event, however long it takes.
    ///
    /// If the Runtime API goes away after it has worked, it is waited for; if it was never there, it is not.
    ///
    /// - Returns: The event.
    /// - Throws: ``LambdaRuntimeError``; the process has to end with a status other than zero.
    mutating func next() throws(LambdaRuntimeError) -> LambdaInvocation {
        let answer = try waitForAnswer()
        guard answer.status == 200 else { throw .refused(status: answer.status) }
        guard let invocation = LambdaInvocation(answer) else { throw .unanswerable }
        return invocation
    }

    /// Answers an invocation.
    ///
    /// What Lambda does not take is logged, and nothing more may be posted for it.
    ///
    /// - Parameters:
    ///   - requestID: The invocation.
    ///   - body: The answer, JSON.
    /// - Throws: ``LambdaRuntimeError/refused(status:)`` when Lambda says that it cannot go on.
    mutating func respond(to requestID: String, body: [UInt8]) throws(LambdaRuntimeError) {
        try post("/invocation/\(requestID)/response", for: requestID, headers: [], body: body)
    }

    /// Answers an invocation with an error of the function, which its caller sees as such.
    ///
    /// - Parameters:
    ///   - requestID: The invocation.
    ///   - type: `Function.` or `Runtime.` and a reason in letters, such as `Runtime.InvalidEvent`.
    ///   - body: JSON with the members `errorMessage` and `errorType`.
    /// - Throws: ``LambdaRuntimeError/refused(status:)`` when Lambda says that it cannot go on.
    mutating func fail(_ requestID: String, type: String, body: [UInt8]) throws(LambdaRuntimeError) {
        try post("/invocation/\(requestID)/error", for: requestID, headers: [Self.typeHeader(type)], body: body)
    }

    /// Says that the process cannot serve at all.
    ///
    /// It has to end with a status other than zero afterwards.
    ///
    /// - Parameters:
    ///   - type: `Runtime.` and a reason in letters, such as `Runtime.Misconfigured`.
    ///   - body: JSON with the members `errorMessage` and `errorType`.
    /// - Throws: ``LambdaRuntimeError/refused(status:)`` when Lambda says that it cannot go on.
    mutating func initializationFailed(type: String, body: [UInt8]) throws(LambdaRuntimeError) {
        try post("/init/error", for: nil, headers: [Self.typeHeader(type)], body: body)
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
            // If the Runtime API is gone, so is the invocation; `next` finds out whether it comes back.
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
    /// Whether it may be different in a moment, as while a server restarts.
    fileprivate var mayPass: Bool {
        switch kind {
        case .couldNotResolve, .couldNotConnect, .connectionLost, .timeout: true
        case .invalidRequest, .forbiddenAddress, .tls, .untrusted, .cancelled, .tooLarge, .invalidResponse, .failed:
            false
        }
    }
}
