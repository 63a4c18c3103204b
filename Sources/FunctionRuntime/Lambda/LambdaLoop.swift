import Base
import System

/// The transport for AWS Lambda.
///
/// It reads events from the Runtime API one after the other and keeps its connections to the Runtime API and the
/// database open.
struct LambdaLoop<F: Function> {
    private let environment: Environment
    private let address: String

    init(_ environment: Environment, address: String) {
        self.environment = environment
        self.address = address
    }

    /// Serves events until the platform stops the process.
    func serve() -> Never {
        _ = FileDescriptor.plugStandardStreams()
        let configuration = Configuration.result(environment, for: F.self)
        let log = Log(level: (try? configuration.get())?.logLevel ?? .info, function: F.name)
        do throws(LambdaRuntimeError) {
            var lambda = try LambdaRuntimeAPI(address: address, log: log)
            switch configuration {
            case .success(let configuration):
                var server = Server<F>(configuration, believesPlatform: true, log: log)
                while true { try serveNext(of: &lambda, with: &server) }
            case .failure(let error):
                log.error("configuration.invalid", ["variable": error.variable, "rule": error.rule])
                let type = "Runtime.Misconfigured"
                let answer = Answer(.misconfigured, requestID: UUID.v7().description)
                try lambda.initializationFailed(type: type, body: answer.failure(type))
            }
        } catch {
            log.error("lambda.failed", ["error": "\(error)"])
        }
        Process.exit(1)
    }

    private func serveNext(
        of lambda: inout LambdaRuntimeAPI,
        with server: inout Server<F>
    ) throws(LambdaRuntimeError) {
        let invocation = try lambda.next()
        let delivery = Server<F>.Delivery(
            requestID: invocation.requestID,
            traceID: invocation.traceID.flatMap { TraceContext.traceID(xray: $0) },
            // The remaining 200 ms are for sending the response.
            deadline: invocation.deadline.map { $0 - .milliseconds(200) },
            freezesAfterAnswer: true
        )
        var answered: (answer: Answer, form: Request.Form)?
        server.answer(invocation.body, delivery) { answered = ($0, $1) }
        guard let (answer, form) = answered else { return }
        if let problem = answer.problem, !form.isWrapped {
            let type = problem.errorType
            try lambda.fail(invocation.requestID, type: type, body: answer.failure(type))
        } else {
            try lambda.respond(to: invocation.requestID, body: answer.rendered(for: form))
        }
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
