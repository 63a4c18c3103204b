import Base
import System

/// The transports that start a process for each request: CGI/1.1 (RFC 3875), and the watchdogs of OpenFaaS.
///
/// Variables describe the request, and standard input has its body. A web server reads the status and the header fields
/// from standard output. A watchdog takes all of standard output for the body: it has no way to a status, so an error is
/// a problem document there, too.
///
/// The arguments of the process may be the caller's (RFC 3875, section 4.4), so they are not looked at.
struct ProcessPerRequest {
    /// The most bytes of a body that are read.
    private static let drainLimit = 64 << 20

    private let handler: any RequestHandler
    private let environment: Environment
    private let convention: MetaVariables.Convention
    private let log: Log

    init(_ handler: any RequestHandler, _ environment: Environment, _ convention: MetaVariables.Convention) {
        self.handler = handler
        self.environment = environment
        self.convention = convention
        log = Log(level: handler.logLevel, function: handler.name)
    }

    /// Answers the request and ends the process.
    ///
    /// The exit status says only whether the answer was written. A watchdog would replace the answer by a text of its
    /// own otherwise.
    func serve() -> Never {
        let closed = FileDescriptor.plugStandardStreams()
        var failure: SystemError?
        // What follows the answer, such as the record of a denial, must not delay it.
        let write = { (bytes: [UInt8]) in
            guard failure == nil else { return }
            do throws(SystemError) {
                try FileDescriptor.standardOutput.write(bytes)
            } catch {
                failure = error
            }
        }
        let answer = { (answer: Answer) in
            if !answer.wasStreamed { write(convention == .cgi ? answer.document : answer.body) }
        }
        // A watchdog takes all of the output for the body.
        let sendPiece = { (piece: [UInt8], head: Answer?) in
            write((convention == .cgi ? head?.document ?? [] : []) + piece)
            return failure == nil
        }
        do throws(Problem) {
            let delivery = Delivery(
                deadline: convention == .openFaaS ? environment.watchdogDeadline : nil,
                isFromWeb: true,
                send: convention == .cgi ? sendPiece : nil
            )
            handler.answer(try request(), delivery, deliver: answer)
        } catch {
            answer(handler.refuse(error))
        }
        if let failure {
            log.error("output.failed", ["error": failure.description])
            Process.exit(ExitStatus.inputOutput)
        }
        if handler.telemetry.isOn { exportSpans() }
        Process.exit(closed.contains(.standardOutput) ? ExitStatus.inputOutput : ExitStatus.success)
    }

    /// Exports the spans after the answer.
    ///
    /// The server passes the answer on when the output ends, and need not wait for the spans. lighttpd then ends the
    /// process with SIGTERM, so the signal has to wait for them.
    private func exportSpans() {
        do throws(SystemError) {
            let watch = try TerminationWatch {}
            FileDescriptor.standardOutput.close()
            handler.telemetry.flush()
            _ = consume watch
        } catch {
            log.warning("spans.lost", ["count": 0, "reason": error.description])
        }
    }

    private func request() throws(Problem) -> Request {
        let variables = MetaVariables(environment.all, convention)
        let deadline = Deadline.after(.seconds(10))
        let length: Int?
        do throws(Problem) {
            // Without a length there is no body (RFC 3875, section 4.2). A server that passes a chunked body on may not
            // know its length, but methods that only read have none.
            let isReading = variables.method.map(Request.readingMethods.contains) ?? false
            length = try variables.contentLength() ?? (isReading && convention == .cgi ? 0 : nil)
            try refuseMarshalledRequest()
        } catch {
            // A server may hang if nobody reads the body.
            _ = try? contents(limit: 0, length: nil, by: deadline)
            throw error
        }
        let contents: FileDescriptor.Contents
        do throws(SystemError) {
            contents = try self.contents(limit: JSONLimits.event.bytes, length: length, by: deadline)
        } catch {
            guard error.isTimeout else { throw .malformedRequest("The body could not be read.") }
            throw Problem(status: 503, code: "timeout", detail: "The input did not end before the deadline.")
        }
        guard case .complete(let bytes) = contents else { throw .payloadTooLarge }
        guard length.map({ $0 == bytes.count }) ?? true else {
            throw .malformedRequest("The body must have as many bytes as Content-Length says.")
        }
        return try variables.request(body: .text(bytes))
    }

    /// Refuses the option of the classic watchdog that mixes the caller's header fields into the body.
    private func refuseMarshalledRequest() throws(Problem) {
        guard convention == .openFaaS, environment["marshal_request"] == "true" else { return }
        log.error("configuration.invalid", ["variable": "marshal_request", "rule": "must be false"])
        throw .misconfigured
    }

    private func contents(
        limit: Int,
        length: Int?,
        by deadline: Deadline
    ) throws(SystemError) -> FileDescriptor.Contents {
        try FileDescriptor.standardInput.readAll(
            limit: limit,
            drainLimit: Self.drainLimit,
            length: length,
            timeoutNanoseconds: { deadline.remainingNanoseconds }
        )
    }
}

extension Environment {
    /// When a watchdog kills the process; nil if it does not.
    ///
    /// The watchdog passes its own variables on. The last 200 ms are for the answer.
    fileprivate var watchdogDeadline: Deadline? {
        guard let limit = self["exec_timeout"].flatMap(Duration.init(go:)), limit > .zero else { return nil }
        return .after(limit) - .milliseconds(200)
    }
}

extension Duration {
    /// Reads a duration as programs in Go write it: numbers with units, as in `1m30s`, or a whole number of seconds.
    ///
    /// - Returns: nil for any other text.
    init?(go text: String) {
        if let seconds = UInt32(text) {
            self = .seconds(Int64(seconds))
            return
        }
        let units: [(name: String, duration: Duration)] = [
            ("h", .seconds(3_600)), ("m", .seconds(60)), ("s", .seconds(1)), ("ms", .milliseconds(1)),
            ("us", .microseconds(1)), ("ns", .nanoseconds(1)),
        ]
        var (total, rest) = (Duration.zero, text.utf8[...])
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isDigit || $0 == UInt8(ascii: ".") }
            let name = rest.dropFirst(digits.count).prefix(while: \.isLetter)
            guard let number = Double(String(Substring(digits))), number < 1_000_000,
                let unit = units.first(where: { $0.name.utf8.elementsEqual(name) })
            else { return nil }
            total += unit.duration * number
            rest = rest.dropFirst(digits.count + name.count)
        }
        self = total
    }
}
