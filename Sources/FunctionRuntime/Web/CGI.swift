import Base
import System

/// The transport of CGI/1.1 (RFC 3875): a web server starts a process for each request.
///
/// The arguments of the process may be the caller's (section 4.4), so they are not looked at.
struct CGI {
    private let handler: any RequestHandler
    private let environment: Environment
    private let telemetry: Telemetry
    private let log: Log

    init(_ handler: any RequestHandler, _ environment: Environment, telemetry: Telemetry, log: Log) {
        self.handler = handler
        self.environment = environment
        self.telemetry = telemetry
        self.log = log
    }

    /// Whether a web server started the process by this interface.
    static func isUsed(_ environment: Environment) -> Bool {
        environment["GATEWAY_INTERFACE"]?.utf8.starts(with: "CGI/".utf8) == true
    }

    /// Answers the request and ends the process.
    func serve() -> Never {
        let (closed, start) = (FileDescriptor.plugStandardStreams(), SystemClock.uptime)
        var response: [UInt8] = []
        let answer = { (answer: Answer) in response = answer.document }
        do throws(Problem) {
            handler.answer(try request(), Delivery(isFromWeb: true), deliver: answer)
        } catch {
            let refusal = Answer(error, requestID: UUID.v7().description)
            answer(refusal)
            log.report(refusal, since: start)
        }
        do throws(SystemError) {
            try FileDescriptor.standardOutput.write(response)
        } catch {
            log.error("output.failed", ["error": error.description])
            Process.exit(ExitStatus.inputOutput)
        }
        if telemetry.isOn {
            // The server passes the answer on when the output ends, and need not wait for the spans.
            FileDescriptor.standardOutput.close()
            telemetry.flush()
        }
        Process.exit(closed.contains(.standardOutput) ? ExitStatus.inputOutput : ExitStatus.success)
    }

    private func request() throws(Problem) -> Request {
        let variables = MetaVariables(environment.all)
        let contents: FileDescriptor.Contents
        let length: Int?
        let deadline = Deadline.after(.seconds(10))
        do throws(Problem) {
            length = try variables.contentLength()
        } catch {
            // A server may hang if nobody reads the body.
            _ = try? FileDescriptor.standardInput.readAll(
                limit: 0,
                drainLimit: 64 << 20,
                timeoutNanoseconds: { deadline.remainingNanoseconds }
            )
            throw error
        }
        do throws(SystemError) {
            contents = try FileDescriptor.standardInput.readAll(
                limit: JSONLimits.event.bytes,
                drainLimit: 64 << 20,
                length: length,
                timeoutNanoseconds: { deadline.remainingNanoseconds }
            )
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
}
