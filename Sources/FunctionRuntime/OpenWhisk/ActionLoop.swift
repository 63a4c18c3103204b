import Base
import System

/// The transport of Apache OpenWhisk's ActionLoop: a proxy writes each activation as a line to standard input, and reads
/// one line with the answer from descriptor 3.
///
/// The process and its connection to the database serve one activation after the other. It never ends by itself, because
/// the proxy would answer all further activations with an error: the end of the input ends it.
struct ActionLoop {
    /// What the proxy accepts at most as a result.
    static let mostAnswerBytes = 1 << 20

    /// Parameters have at most 1 MiB, and a body in them may be base64.
    ///
    /// The value is one level below the line.
    private static let limits = JSONLimits(
        bytes: JSONLimits.wrappedEvent.bytes,
        depth: JSONLimits.wrappedEvent.depth + 1
    )

    private let handler: any RequestHandler
    private let environment: Environment
    private let log: Log
    private let output = FileDescriptor(rawValue: 3)
    private let termination = Termination()

    init(_ handler: any RequestHandler, _ environment: Environment) {
        self.handler = handler
        self.environment = environment
        log = Log(level: handler.logLevel, function: handler.name)
    }

    /// Whether OpenWhisk's proxy started the process.
    static func isUsed(_ environment: Environment) -> Bool {
        ["__OW_PROXY_VERSION", "__OW_EXECUTION_ENV", "__OW_WAIT_FOR_ACK"].contains(where: environment.contains)
    }

    /// Serves until the input ends, or until SIGTERM or SIGINT.
    func serve() -> Never {
        guard output.isOpen else {
            log.error("actionloop.failed", ["error": "descriptor 3 is not open: the proxy reads the answers there"])
            Process.exit(1)
        }
        _ = FileDescriptor.plugStandardStreams()
        output.closeOnExecution()
        do throws(SystemError) {
            let watch = try termination.watch()
            // The proxy then waits for slow starts; otherwise it expects nothing here.
            if environment["__OW_WAIT_FOR_ACK"] != nil { try output.write(Array("{\"ok\":true}\n".utf8)) }
            var lines = LineReader(.standardInput)
            while true {
                let line = try lines.next(limit: Self.limits.bytes)
                termination.begin()
                switch line {
                case .line(let bytes): try write(answer(to: bytes))
                case .tooLong: try write(Activation.answer(handler.refuse(.payloadTooLarge)))
                case .end: break
                }
                // The proxy has the answer, and OpenWhisk may pause the container.
                handler.telemetry.flush()
                termination.end()
                if line == .end { break }
            }
            _ = consume watch
        } catch {
            log.error("actionloop.failed", ["error": error.description])
            Process.exit(ExitStatus.inputOutput)
        }
        Process.exit(ExitStatus.success)
    }

    /// Writes an answer in one line: a line feed between the tokens of its JSON would be the end of it.
    private func write(_ answer: [UInt8]) throws(SystemError) {
        let lineFeed = UInt8(ascii: "\n")
        try output.write(answer.map { $0 == lineFeed ? UInt8(ascii: " ") : $0 } + [lineFeed])
    }

    /// The answer to a line.
    private func answer(to line: [UInt8]) -> [UInt8] {
        let activation: Activation
        do throws(Problem) {
            activation = try Activation(JSONDocument(event: line, limits: Self.limits).root)
        } catch {
            return Activation.answer(handler.refuse(error))
        }
        let delivery = Delivery(
            requestID: activation.id,
            deadline: activation.deadline.map { $0 - .milliseconds(200) },
            endpoint: activation.actionName,
            // OpenWhisk pauses the container between activations.
            freezesAfterAnswer: true
        )
        var bytes: [UInt8] = []
        switch activation.event {
        case .web(let request):
            handler.answer(request, delivery) { bytes = activation.rendered($0, for: .web) }
        case .direct(let value):
            handler.answer(event: value, delivery) { bytes = activation.rendered($0, for: $1) }
        case .refused(let problem):
            bytes = activation.rendered(handler.refuse(problem, requestID: activation.id), for: .web)
        }
        return bytes
    }
}
