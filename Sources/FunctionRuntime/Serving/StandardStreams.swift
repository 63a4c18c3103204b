import Base
public import System

/// The transport for shells, cron jobs and `docker run -i`.
///
/// It reads one event from standard input, writes one line to standard output, and ends with an exit status that a
/// script can check.
struct StandardStreams<F: Function> {
    private let environment: Environment
    private let command: Command
    private let telemetry: Telemetry
    private let log: Log

    init(_ environment: Environment, _ command: Command) {
        self.environment = environment
        self.command = command
        log = Log(level: .info, function: F.name)
        telemetry = Telemetry(environment, log: log)
    }

    /// Handles one event and ends the process.
    func serve() -> Never {
        let closed = FileDescriptor.plugStandardStreams()
        // If a web server starts the process, the caller controls the arguments (RFC 3875, section 4.4).
        let isEndless = !environment.isWebServers && Help<F>(command).answer() == .forever
        if FileDescriptor.standardInput.isTerminal, !isEndless {
            Help<F>(command).fail("expects one event on standard input, as in: echo '{}' | \(command.name)")
        }
        do throws(ConfigurationError) {
            let configuration = try Configuration.result(environment, for: F.self).get()
            let deadline = Deadline.after(configuration.timeout)
            let event = isEndless ? readForever() : read(until: deadline)
            let status = answer(event, configuration, deadline: deadline, isEndless: isEndless)
            Process.exit(closed.contains(.standardOutput) ? ExitStatus.inputOutput : status)
        } catch {
            let isShown = report(error)
            let event = read(until: .after(.seconds(10)))
            if isShown, FileDescriptor.standardOutput.isTerminal {
                Process.exit(ExitStatus.of(.misconfigured))
            }
            // An HTTP event gets an HTTP response whatever is wrong.
            let form = event.flatMap(Request.Form.init(of:)) ?? .direct
            Process.exit(write(Answer(.misconfigured, requestID: UUID.v7().description), form))
        }
    }

    /// Reports an invalid variable to the operator: as a sentence on a terminal, otherwise in the log.
    ///
    /// - Returns: Whether it wrote a sentence.
    private func report(_ error: ConfigurationError) -> Bool {
        guard FileDescriptor.standardError.isTerminal, !environment.isWebServers else {
            log.error("configuration.invalid", ["variable": error.variable, "rule": error.rule])
            return false
        }
        let words = "\(command.name) is not configured correctly. \(error.variable): \(error.rule).\n"
        try? FileDescriptor.standardError.write(Array(words.utf8))
        return true
    }

    /// The event for a function that runs until the process is terminated.
    ///
    /// It is usually started without an event.
    private func readForever() -> [UInt8]? {
        let nothing = Array("{}".utf8)
        if FileDescriptor.standardInput.isTerminal { return nothing }
        let event = read(until: .after(.seconds(10)))
        return event?.isEmpty == true ? nothing : event
    }

    /// The event's bytes, or nil if the event is too large.
    private func read(until deadline: Deadline) -> [UInt8]? {
        do throws(SystemError) {
            let contents = try FileDescriptor.standardInput.readAll(
                limit: JSONLimits.wrappedEvent.bytes,
                drainLimit: 64 << 20,
                timeoutNanoseconds: { deadline.remainingNanoseconds }
            )
            if case .complete(let bytes) = contents { return bytes }
            return nil
        } catch {
            guard error.isTimeout else {
                log.error("input.failed", ["error": error.description])
                Process.exit(ExitStatus.inputOutput)
            }
            let late = Problem(status: 503, code: "timeout", detail: "The input did not end before the deadline.")
            Process.exit(write(Answer(late, requestID: UUID.v7().description), .direct))
        }
    }

    private func answer(
        _ event: [UInt8]?,
        _ configuration: Configuration,
        deadline: Deadline,
        isEndless: Bool
    ) -> Int32 {
        // A person at a terminal wants the answer; lines of normal operation are for log files.
        let isQuiet = !isEndless && environment["LOG_LEVEL"] == nil && FileDescriptor.standardError.isTerminal
        let log = log.at(isQuiet ? .warning : configuration.logLevel)
        var server = Server<F>(configuration, believesPlatform: false, telemetry: telemetry, log: log)
        var status = ExitStatus.success
        let delivery = Delivery(
            deadline: deadline,
            isEndless: isEndless,
            token: token(log),
            isFromWeb: environment.isWebServers
        )
        server.answer(event, delivery) { answer, form in
            status = write(answer, form)
        }
        telemetry.flush()
        return status
    }

    /// Writes the response in one system call, with a line feed at its end.
    ///
    /// - Returns: The exit status of the process. A response that contains an HTTP status counts as a success.
    private func write(_ answer: Answer, _ form: Request.Form) -> Int32 {
        do throws(SystemError) {
            var bytes = answer.rendered(for: form)
            if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
            try FileDescriptor.standardOutput.write(bytes)
        } catch {
            log.error("output.failed", ["error": error.description])
            return ExitStatus.inputOutput
        }
        guard let problem = answer.problem, !form.isWrapped else { return ExitStatus.success }
        return ExitStatus.of(problem)
    }

    /// The credential in the process's own environment, for use as a command-line program.
    ///
    /// It is ignored if a web server seems to have started the process, because web callers must not get the process's
    /// rights.
    private func token(_ log: Log) -> String? {
        guard let token = environment["NOFX_TOKEN"] else { return nil }
        guard !environment.isWebServers else {
            log.warning("token_variable.ignored", ["reason": "the process was started by a web server"])
            return nil
        }
        return token
    }
}

extension Environment {
    /// Whether a web server or watchdog started the process.
    ///
    /// `HTTP_PROXY` alone does not count. Many machines set it, and a web server always sets other variables too.
    public var isWebServers: Bool {
        ["fprocess", "REQUEST_METHOD", "SERVER_PROTOCOL", "GATEWAY_INTERFACE"].contains(where: contains)
            || containsName(startingWith: "HTTP_", except: "HTTP_PROXY") || containsName(startingWith: "Http_")
    }
}
