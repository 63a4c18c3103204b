import Base
import Notifications
import System
import TestSupport
import Testing

struct MailerTests {
    private func problem(_ variables: [(String, String)]) -> String? {
        do throws(ConfigurationError) {
            _ = try Mailer(Environment(variables))
            return nil
        } catch {
            return error.description
        }
    }

    @Test(
        arguments: [
            ([], "NOFX_MAIL_FROM: must be set"), ([("NOFX_MAIL_COMMAND", "/bin/true")], "NOFX_MAIL_FROM: must be set"),
            (
                [("NOFX_MAIL_FROM", "hunter2")],
                "NOFX_MAIL_FROM: must be an address, alone or as in Acme <mail@acme.example>"
            ),
            (
                [("NOFX_MAIL_FROM", "a@b.example")],
                "NOFX_MAIL_COMMAND: is needed, unless NOFX_SMTP_URL is set"
            ),
            (
                [("NOFX_MAIL_FROM", "a@b.example"), ("NOFX_MAIL_COMMAND", "/bin/true"), ("NOFX_SMTP_URL", "smtp://h")],
                "NOFX_MAIL_COMMAND: must not be set together with NOFX_SMTP_URL"
            ),
            (
                [("NOFX_MAIL_FROM", "a@b.example"), ("NOFX_MAIL_COMMAND", "/no/such/hunter2")],
                "NOFX_MAIL_COMMAND: must begin with the path of a program that can be started"
            ),
            (
                [("NOFX_MAIL_FROM", "a@b.example"), ("NOFX_MAIL_COMMAND", "true")],
                "NOFX_MAIL_COMMAND: must begin with the path of a program that can be started"
            ),
            (
                [("NOFX_MAIL_FROM", "a@b.example"), ("NOFX_SMTP_URL", "smtp://u:hunter2@h:x")],
                "NOFX_SMTP_URL: must have a host, a port if not the usual one, and nothing behind them"
            ),
            (
                [("NOFX_MAIL_FROM", "a@b.example"), ("NOFX_SMTP_URL", "http://hunter2")],
                "NOFX_SMTP_URL: must begin with smtp:// or smtps://"
            ),
        ] as [([(String, String)], String)]
    )
    func `an invalid variable is named without its value`(variables: [(String, String)], words: String) {
        #expect(problem(variables) == words)
    }

    @Test func `a transport and a sender suffice, and no process is started for them`() {
        #expect(problem([("NOFX_MAIL_FROM", "a@b.example"), ("NOFX_MAIL_COMMAND", "/bin/false -x")]) == nil)
        #expect(problem([("NOFX_MAIL_FROM", "a@b.example"), ("NOFX_SMTP_URL", "smtp://u:p@127.0.0.1:1")]) == nil)
    }

    @Test func `a server gets the message, and its refusal is reported as permanent or transient`() throws {
        try MailServer.run { (server) throws in
            let variables = [("NOFX_MAIL_FROM", "a@b.example"), ("NOFX_SMTP_URL", "smtp://127.0.0.1:\(server.port)")]
            var mailer = try Mailer(Environment(variables))
            func send(_ name: String) throws {
                let recipient = try #require(EmailAddress("\(name)@example.com"))
                let message = try MailMessage(id: .v7(), to: recipient, subject: "Hi", text: "Hi")
                try mailer.send(message, deadline: .test)
            }
            try send("ada")
            let later = #expect(throws: MailError.self) { try send("later") }
            let never = #expect(throws: MailError.self) { try send("never") }

            #expect(later?.isPermanent == false && never?.isPermanent == true)
            #expect(try server.messages().map { $0["subject"]?.string } == ["Hi"])
        }
    }
}
