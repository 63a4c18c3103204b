import Base
import System

/// The transport of AWS Lambda: events from the Runtime API, one after the other, on kept connections to it and to
/// the database.
///
/// SIGTERM ends the process with status 0: at once while it waits for an event, otherwise after the answer. Lambda sends
/// the signal only to a process that registered an extension.
struct LambdaLoop {
    private let handler: any RequestHandler
    private let address: String
    private let termination = Termination()

    init(_ handler: any RequestHandler, address: String) {
        self.handler = handler
        self.address = address
    }

    /// Serves until the platform stops the process.
    func serve() -> Never {
        _ = FileDescriptor.plugStandardStreams()
        let log = Log(level: handler.logLevel, function: handler.name)
        do {
            var lambda = try LambdaRuntimeAPI(address: address, log: log)
            if handler.misconfiguration == nil {
                try serve(&lambda, watchedBy: termination.watch())
            } else {
                try lambda.reportMisconfiguration()
            }
        } catch {
            log.error("lambda.failed", ["error": "\(error)"])
        }
        Process.exit(1)
    }

    /// Reports that the configuration is invalid, and ends the process.
    static func fail(_ error: ConfigurationError, address: String) -> Never {
        let log = Log(level: .info, function: Process.name)
        log.error("configuration.invalid", ["variable": error.variable, "rule": error.rule])
        do throws(LambdaRuntimeError) {
            var lambda = try LambdaRuntimeAPI(address: address, log: log)
            try lambda.reportMisconfiguration()
        } catch {
            log.error("lambda.failed", ["error": "\(error)"])
        }
        Process.exit(1)
    }

    /// Serves events until the platform stops the process or an error ends it.
    ///
    /// It borrows the watch of the signals, which must live as long as the loop.
    private func serve(_ lambda: inout LambdaRuntimeAPI, watchedBy watch: borrowing TerminationWatch) throws {
        try registerExtension(with: &lambda)
        while true { try serveNext(of: &lambda) }
    }

    /// Registers an extension, and leaves its thread to the end of the process: it waits for an event that never comes.
    private func registerExtension(with lambda: inout LambdaRuntimeAPI) throws(SystemError) {
        guard let waiting = lambda.registerExtension() else { return }
        var threads = Threads()
        try threads.start(stackBytes: 256 << 10, waiting)
        threads.abandon()
    }

    private func serveNext(of lambda: inout LambdaRuntimeAPI) throws(LambdaRuntimeError) {
        let invocation = try lambda.next()
        termination.begin()
        defer { termination.end() }
        let delivery = Delivery(
            requestID: invocation.requestID,
            trace: invocation.traceID.flatMap { TraceContext(xray: $0) },
            // The remaining 200 ms are for sending the response.
            deadline: invocation.deadline.map { $0 - .milliseconds(200) },
            freezesAfterAnswer: true
        )
        var failure: LambdaRuntimeError?
        handler.answer(event: invocation.body, delivery) { answer, form in
            do throws(LambdaRuntimeError) {
                try lambda.send(answer, to: invocation.requestID, in: form)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        // The caller has the answer. The platform may freeze the process when it asks for the next event.
        handler.telemetry.flush(by: delivery.deadline ?? .distantFuture)
    }
}

extension LambdaRuntimeAPI {
    /// Sends the answer to an event, as a function error if it is a problem that no HTTP response can hold.
    fileprivate mutating func send(
        _ answer: Answer,
        to requestID: String,
        in form: Request.Form
    ) throws(LambdaRuntimeError) {
        if let problem = answer.problem, !form.isWrapped {
            let type = problem.errorType
            try fail(requestID, type: type, body: answer.failure(type))
        } else {
            try respond(to: requestID, body: answer.rendered(for: form))
        }
    }

    /// Reports that the process cannot serve any invocation, because its configuration is invalid.
    fileprivate mutating func reportMisconfiguration() throws(LambdaRuntimeError) {
        let answer = Answer(.misconfigured, requestID: UUID.v7().description)
        let type = "Runtime.Misconfigured"
        try initializationFailed(type: type, body: answer.failure(type))
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
