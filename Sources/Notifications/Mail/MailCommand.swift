import Base
import System

/// A program that takes a message on standard input, as sendmail does.
struct MailCommand: Sendable {
    private let program: String
    private let arguments: [String]
    private let variables: [(name: String, value: String)]

    /// Takes a path and arguments, with spaces between them, apart.
    init(_ words: String, _ environment: Environment) throws(ConfigurationError) {
        var parts = words.split(separator: " ").map(String.init)
        guard let program = parts.first, Executable.isThere(program) else {
            throw ConfigurationError(
                "NOFX_MAIL_COMMAND",
                "must begin with the path of a program that can be started"
            )
        }
        parts.removeFirst()
        self.program = program
        arguments = parts
        // Its own configuration may be found by these; everything else, such as DATABASE_URL, is not for it to see.
        variables = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR"].compactMap { name in
            environment[name].map { (name: name, value: $0) }
        }
    }

    /// Runs the program once.
    ///
    /// What its status means is in `sysexits.h`. Only what is about the message or its recipient is permanent:
    /// a status that a program made up may mean anything.
    func send(
        _ message: [UInt8],
        from sender: EmailAddress,
        to recipient: EmailAddress,
        deadline: Deadline
    ) throws(MailError) {
        let ending: ChildProcess.Ending
        do throws(SystemError) {
            // A full stop alone must not end the message, and no address can be taken for an option.
            let all = arguments + ["-i", "-f", sender.text, "--", recipient.text]
            ending = try ChildProcess(program, all, environment: variables).finish(message) {
                deadline.remainingNanoseconds
            }
        } catch {
            throw MailError(isPermanent: false, "the mail command could not be run: \(error)")
        }
        switch ending {
        case .exited(0): return
        case .exited(let status):
            throw MailError(
                isPermanent: [64, 65, 67, 68].contains(status),
                "the mail command ended with status \(status)"
            )
        case .signaled(let signal):
            throw MailError(isPermanent: false, "the mail command was ended by signal \(signal)")
        case .timedOut:
            throw MailError(isPermanent: false, "the mail command did not end in time")
        }
    }
}
