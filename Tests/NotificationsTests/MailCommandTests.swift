import Base
import Glibc
import Notifications
import System
import TestSupport
import Testing

/// Mail through a shell script in place of sendmail.
struct MailCommandTests {
    init() {
        Process.ignoreBrokenPipes()
    }

    /// Sends a message through a program and returns the error.
    private func send(
        through program: borrowing MailProgram,
        _ arguments: String = "",
        text: String = "Hi",
        deadline: Deadline = .test
    ) throws -> MailError? {
        let variables = [
            ("NOFX_MAIL_FROM", "Acme <mail@acme.example>"), ("NOFX_MAIL_COMMAND", program.path + arguments),
            ("PATH", "/usr/bin:/bin"), ("HOME", "/home/mailer"), ("DATABASE_URL", "hunter2"),
        ]
        var mailer = try Mailer(Environment(variables))
        let recipient = try #require(EmailAddress("-grace@example.com"))
        let message = try MailMessage(id: .v7(), to: recipient, subject: "Hello", text: text)
        do throws(MailError) {
            try mailer.send(message, deadline: deadline)
            return nil
        } catch {
            return error
        }
    }

    @Test func `the program gets the message, the envelope as arguments and a minimal environment`() throws {
        let program = try MailProgram(
            """
            printf '%s\\n' "$@" >"$folder/arguments"
            cat >"$folder/1.eml"
            /usr/bin/env >"$folder/environment"
            for number in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$number ] && echo $number; done >"$folder/descriptors"
            echo noise; echo noise >&2
            """
        )
        #expect(try send(through: program, "  -X  $(id) ;") == nil)

        let arguments = ["-X", "$(id)", ";", "-i", "-f", "mail@acme.example", "--", "-grace@example.com", ""]
        #expect(
            try program.read("arguments")?.split(separator: "\n", omittingEmptySubsequences: false)
                == arguments[...].map { $0[...] }
        )
        let mail = try #require(try program.mails().first)
        #expect(mail["subject"]?.string == "Hello" && mail["defects"]?.count == 0)
        let environment = try #require(try program.read("environment"))
        #expect(environment.contains("HOME=/home/mailer") && !environment.contains("hunter2"))
        #expect(try program.read("descriptors") == "")
    }

    @Test(arguments: [
        (64, true), (65, true), (67, true), (68, true), (66, false), (69, false), (70, false), (75, false), (77, false),
        (78, false), (1, false), (2, false), (127, false), (255, false),
    ])
    func `the exit status decides whether to retry`(status: Int, isPermanent: Bool) throws {
        let error = try send(through: try MailProgram("cat >/dev/null; exit \(status)"))

        #expect(error?.isPermanent == isPermanent)
        #expect(error?.description == "the mail command ended with status \(status)")
    }

    @Test func `the exit status also counts for a program that does not read its input`() throws {
        let text = String(repeating: "x", count: 1 << 20)

        #expect(try send(through: try MailProgram("exit 0"), text: text) == nil)
        #expect(try send(through: try MailProgram("exit 67"), text: text)?.isPermanent == true)
    }

    @Test func `a large message is passed completely`() throws {
        let program = try MailProgram("cat >\"$folder/1.eml\"")
        let text = String(repeating: "x", count: 1 << 20)

        #expect(try send(through: program, text: text) == nil)
        #expect(try program.read("1.eml")?.utf8.count ?? 0 > 1 << 20)
    }

    @Test func `a program that hangs is killed at the deadline, with its children`() throws {
        let program = try MailProgram("echo $$ >\"$folder/leader\"; sleep 3600 & wait")
        let error = try send(through: program, deadline: .after(.milliseconds(500)))

        #expect(error?.isPermanent == false)
        #expect(error?.description == "the mail command did not end in time")
        let leader = try #require(try program.read("leader").flatMap { pid_t($0.dropLast()) })
        // Another process reaps the orphan eventually.
        try Poll.until { kill(-leader, 0) != 0 && errno == ESRCH }
    }

    @Test func `a program that left its process group is killed at the deadline too`() throws {
        let program = try MailProgram(
            """
            exec python3 - "$folder" <<'END'
            import os, sys, time
            os.setpgid(0, os.getpgid(os.getppid()))
            time.sleep(5)
            open(sys.argv[1] + "/end", "w")
            END
            """
        )
        let error = try send(through: program, deadline: .after(.seconds(1)))

        #expect(error?.description == "the mail command did not end in time")
        #expect(try program.read("end") == nil)
    }

    @Test func `a program that a signal ends is retried`() throws {
        let error = try send(through: try MailProgram("kill -9 $$"))

        #expect(error?.isPermanent == false)
        #expect(error?.description == "the mail command was ended by signal 9")
    }

    @Test func `a program gets the default action for SIGPIPE`() throws {
        #expect(try send(through: try MailProgram("kill -PIPE $$; exit 0"))?.description.hasSuffix("signal 13") == true)
    }

    @Test func `no descriptor and no process is left over`() throws {
        let program = try MailProgram("cat >/dev/null")
        let failing = try MailProgram("exit 1")
        for _ in 0..<50 {
            _ = try send(through: program)
            _ = try send(through: failing)
            _ = try send(through: program, deadline: .after(.zero))
        }
        let children = try Subprocess(
            "/bin/sh",
            ["-c", "ps -o stat=,args= --ppid \(getpid()) | grep '^Z' | grep sendmail"]
        ).finish()
        #expect(children.output.isEmpty, "\(children.output)")
    }
}
