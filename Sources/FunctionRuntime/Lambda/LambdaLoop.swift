import Base
import System

/// Answers the events of Lambda: with one endpoint, or with several by the paths of HTTP events.
protocol LambdaHandler: ~Copyable {
    /// The name in the log.
    var name: String { get }

    /// The level of the log.
    var logLevel: Log.Level { get }

    /// The variable that is wrong, if one is. The platform is told before an event comes.
    var misconfiguration: ConfigurationError? { get }

    mutating func answer(_ event: [UInt8]?, _ delivery: Delivery, deliver: (Answer, Request.Form) -> Void)
}

/// One endpoint.
struct LambdaEndpoint<F: Function>: LambdaHandler, ~Copyable {
    let logLevel: Log.Level
    let misconfiguration: ConfigurationError?
    private var server: Server<F>?

    var name: String { F.name }

    init(_ environment: Environment, telemetry: Telemetry) {
        do throws(ConfigurationError) {
            let configuration = try Configuration.result(environment, for: F.self).get()
            let log = Log(level: configuration.logLevel, function: F.name)
            logLevel = configuration.logLevel
            misconfiguration = nil
            server = Server<F>(configuration, believesPlatform: true, telemetry: telemetry, log: log)
        } catch {
            logLevel = .info
            misconfiguration = error
            server = nil
        }
    }

    mutating func answer(_ event: [UInt8]?, _ delivery: Delivery, deliver: (Answer, Request.Form) -> Void) {
        server?.answer(event, delivery, deliver: deliver)
    }
}

/// Several endpoints.
///
/// An event without a path, such as a schedule's, names no endpoint.
struct LambdaRouter: LambdaHandler, ~Copyable {
    let name = Process.name
    let logLevel = Log.Level.info
    let misconfiguration: ConfigurationError? = nil
    private let router: Router

    init(_ router: Router) {
        self.router = router
    }

    mutating func answer(_ event: [UInt8]?, _ delivery: Delivery, deliver: (Answer, Request.Form) -> Void) {
        let start = SystemClock.uptime
        do throws(Problem) {
            guard let event else { throw .payloadTooLarge }
            let request = try EventDecoder.decode(JSONDocument(event: event, limits: .wrappedEvent).root)
            router.answer(request, delivery) { deliver($0, request.form) }
        } catch {
            let answer = Answer(error, requestID: delivery.requestID ?? UUID.v7().description)
            deliver(answer, .direct)
            Log(level: logLevel, function: name).report(answer, since: start)
        }
    }
}

/// The transport of AWS Lambda: events from the Runtime API, one after the other, on kept connections to it and to
/// the database.
struct LambdaLoop<Handler: LambdaHandler & ~Copyable>: ~Copyable {
    private var handler: Handler
    private let address: String
    private let telemetry: Telemetry

    init(_ handler: consuming Handler, address: String, telemetry: Telemetry) {
        self.handler = handler
        self.address = address
        self.telemetry = telemetry
    }

    /// Serves until the platform stops the process.
    consuming func serve() -> Never {
        _ = FileDescriptor.plugStandardStreams()
        let log = Log(level: handler.logLevel, function: handler.name)
        do throws(LambdaRuntimeError) {
            var lambda = try LambdaRuntimeAPI(address: address, log: log)
            if let error = handler.misconfiguration {
                log.error("configuration.invalid", ["variable": error.variable, "rule": error.rule])
                let answer = Answer(.misconfigured, requestID: UUID.v7().description)
                let type = "Runtime.Misconfigured"
                try lambda.initializationFailed(type: type, body: answer.failure(type))
            } else {
                while true { try serveNext(of: &lambda) }
            }
        } catch {
            log.error("lambda.failed", ["error": "\(error)"])
        }
        Process.exit(1)
    }

    private mutating func serveNext(of lambda: inout LambdaRuntimeAPI) throws(LambdaRuntimeError) {
        let invocation = try lambda.next()
        let delivery = Delivery(
            requestID: invocation.requestID,
            trace: invocation.traceID.flatMap { TraceContext(xray: $0) },
            // The remaining 200 ms are for sending the response.
            deadline: invocation.deadline.map { $0 - .milliseconds(200) },
            freezesAfterAnswer: true
        )
        var answered: (answer: Answer, form: Request.Form)?
        handler.answer(invocation.body, delivery) { answered = ($0, $1) }
        guard let (answer, form) = answered else { return }
        if let problem = answer.problem, !form.isWrapped {
            let type = problem.errorType
            try lambda.fail(invocation.requestID, type: type, body: answer.failure(type))
        } else {
            try lambda.respond(to: invocation.requestID, body: answer.rendered(for: form))
        }
        // The caller has the answer. The platform may freeze the process when it asks for the next event.
        telemetry.flush(by: delivery.deadline ?? .distantFuture)
    }
}

extension Problem {
    /// The name of the error in Lambda's format, for example `Function.TeamNotFound` for `team_not_found`.
    fileprivate var errorType: String {
        "Function."
            + code.split(separator: "_").map { word in
                String(decoding: [word.utf8.first.map { $0 & 0xDF } ?? 0] + word.utf8.dropFirst(), as: UTF8.self)
            }.joined()
    }
}

/// How long the process waits for a Runtime API that has become unreachable.
///
/// The Runtime API runs on the same machine. It becomes reachable again within moments, or the machine is shutting
/// down.
struct LambdaReconnection: Sendable {
    /// The first pause.
    ///
    /// Each further pause is twice as long as the previous one.
    var firstPause: Duration = .milliseconds(20)

    /// The longest pause.
    var longestPause: Duration = .seconds(1)

    /// The time from the first failure to the last attempt.
    var patience: Duration = .seconds(10)

    /// The pause after a number of consecutive failures, counted from one.
    func pause(after failures: Int) -> Duration {
        min(firstPause * (1 << min(failures - 1, 16)), longestPause)
    }
}

extension String {
    /// Whether this is a host name, an IPv4 address or an IPv6 address in brackets, and a port.
    var isHostAndPort: Bool {
        guard let colon = utf8.lastIndex(of: UInt8(ascii: ":")) else { return false }
        let host = utf8[..<colon]
        let port = utf8[utf8.index(after: colon)...]
        guard port.allSatisfy(\.isDigit), let number = UInt16(self[utf8.index(after: colon)...]), number > 0 else {
            return false
        }
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
            let address = host.dropFirst().dropLast()
            return address.contains(UInt8(ascii: ":"))
                && address.allSatisfy { $0.isHexadecimalDigit || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
        }
        return !host.isEmpty
            && host.allSatisfy { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }
}
