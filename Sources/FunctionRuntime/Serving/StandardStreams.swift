import Base
public import System

/// The transport of a shell, a cron job and `docker run -i`: one event on standard input, one line on standard
/// output, and an exit status that tells a script what to do.
struct StandardStreams<F: Function> {
    private let environment: Environment
    private let command: Command
    private let log: Log

    init(_ environment: Environment, _ command: Command) {
        self.environment = environment
        self.command = command
        log = Log(level: .info, function: F.name)
    }

    /// Serves one event and ends the process.
    func serve() -> Never {
        let closed = FileDescriptor.plugStandardStreams()
        // Under a web server the arguments are the caller's (RFC 3875, section 4.4).
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

    /// Tells the operator which variable is wrong: in words on a terminal, elsewhere in the log.
    ///
    /// - Returns: Whether it was in words.
    private func report(_ error: ConfigurationError) -> Bool {
        guard FileDescriptor.standardError.isTerminal, !environment.isWebServers else {
            log.error("configuration.invalid", ["variable": error.variable, "rule": error.rule])
            return false
        }
        let words = "\(command.name) is not configured correctly. \(error.variable): \(error.rule).\n"
        try? FileDescriptor.standardError.write(Array(words.utf8))
        return true
    }

    /// The event of a function that goes on for ever, and is usually started without one.
    private func readForever() -> [UInt8]? {
        let nothing = Array("{}".utf8)
        if FileDescriptor.standardInput.isTerminal { return nothing }
        let event = read(until: .after(.seconds(10)))
        return event?.isEmpty == true ? nothing : event
    }

    /// The event's bytes; nil when there are too many.
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
        let log = log.at(configuration.logLevel)
        var server = Server<F>(configuration, believesPlatform: false, log: log)
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
        return status
    }

    /// Writes the answer in one system call, its last line ended.
    ///
    /// - Returns: The process's exit status. An answer that carries an HTTP status of its own is a success here.
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

    /// The credential of the process itself, as a command-line program takes it.
    ///
    /// A web server that forgot to say so may be in front; its callers must not get the process's rights.
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
    /// `HTTP_PROXY` alone says nothing: many machines have it set, and no web server sets only that.
    public var isWebServers: Bool {
        ["fprocess", "REQUEST_METHOD", "SERVER_PROTOCOL", "GATEWAY_INTERFACE"].contains(where: contains)
            || containsName(startingWith: "HTTP_", except: "HTTP_PROXY") || containsName(startingWith: "Http_")
    }
}
