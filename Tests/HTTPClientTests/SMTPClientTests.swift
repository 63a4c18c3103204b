import Base
import TestSupport
import Testing

@testable import HTTPClient

/// The client at aiosmtpd, whose behavior depends on the recipient.
struct SMTPClientTests {
    private static let user = "mailer%40acme:p%3Ass%20w%C3%B6rd%2F%40"
    private let sender: EmailAddress
    private let message = Array(
        """
        From: a@nofx.test\r
        To: b@example.com\r
        Subject: Hi\r
        Message-ID: <1@nofx.test>\r
        Date: Sun, 22 Nov 2026 17:05:56 +0000\r
        \r
        One\r
        .\r
        ..two\r

        """.utf8
    )

    init() throws {
        sender = try #require(EmailAddress("mail@nofx.test"))
    }

    /// Sends one message and returns the error.
    private func send(
        to recipient: String = "ada@example.com",
        _ url: String,
        trusting authorities: CertificateAuthorities = .file("/no/such/file"),
        deadline: Deadline = .test
    ) throws -> SMTPError? {
        var client = SMTPClient(try SMTPServer(url: url), authorities: authorities)
        return try send(to: recipient, by: &client, deadline: deadline)
    }

    private func send(
        to recipient: String,
        by client: inout SMTPClient,
        deadline: Deadline = .test
    ) throws -> SMTPError? {
        let recipient = try #require(EmailAddress(recipient))
        do throws(SMTPError) {
            try client.send(message, from: sender, to: recipient, deadline: deadline)
            return nil
        } catch {
            return error
        }
    }

    @Test func `the message and its envelope arrive byte for byte`() throws {
        try MailServer.run { (server) throws in
            #expect(try send(to: "Ada+x@Example.com", "smtp://127.0.0.1:\(server.port)") == nil)

            let taken = try #require(try server.messages().first)
            #expect(taken["raw"]?.string == String(decoding: message, as: UTF8.self))
            #expect(taken["envelope"]?.elements.compactMap(\.string) == ["mail@nofx.test", "Ada+x@Example.com"])
            #expect(taken["hello"]?.string == "nofx.test")
            #expect(taken["encrypted"]?.bool == false && taken["authenticated"]?.bool == false)
        }
    }

    @Test(arguments: [
        ("later", false, "the recipient was refused: 450 4.2.1"),
        ("never", true, "the recipient was refused: 550 5.1.1"),
        ("message-later", false, "the message was refused: 451"),
        ("message-never", true, "the message was refused: 554 5.6.0"),
        ("needs-auth", false, "the recipient was refused: 530 5.7.0"),
        ("close", false, "the connection to the server was lost"),
    ])
    func `the reply code makes a refusal permanent or transient`(
        name: String,
        isPermanent: Bool,
        words: String
    ) throws {
        try MailServer.run { (server) throws in
            let error = try send(to: "\(name)@example.com", "smtp://127.0.0.1:\(server.port)")

            #expect(error?.isPermanent == isPermanent)
            #expect(error?.description == words)
            #expect(try server.messages().isEmpty)
        }
    }

    @Test func `a refused sender is a configuration error`() throws {
        try MailServer.run("--no-sender") { (server) throws in
            let error = try send("smtp://127.0.0.1:\(server.port)")

            #expect(error?.isPermanent == false)
            #expect(error?.description == "the sender was refused: 553 5.1.8")
        }
    }

    @Test func `the deadline ends every wait`() throws {
        try MailServer.run { (server) throws in
            let deadline = Deadline.after(.milliseconds(200))
            let error = try send(to: "hang@example.com", "smtp://127.0.0.1:\(server.port)", deadline: deadline)

            #expect(error?.isPermanent == false)
            #expect(error?.description == "the server did not answer in time")
        }
        try MailServer.run("--silent") { (server) throws in
            let error = try send("smtp://127.0.0.1:\(server.port)", deadline: .after(.milliseconds(200)))
            #expect(error?.description == "the server did not answer in time")
        }
    }

    @Test func `the client does not wait for a server that does not answer QUIT`() throws {
        try MailServer.run("--hang-on-quit") { (server) throws in
            let start = Deadline.after(.seconds(60))
            #expect(try send("smtp://127.0.0.1:\(server.port)") == nil)
            #expect(try send(to: "never@example.com", "smtp://127.0.0.1:\(server.port)")?.isPermanent == true)

            #expect(!start.hasPassed)
            try Poll.until { try server.commands().last == "QUIT" }
            #expect(try server.messages().count == 1)
        }
    }

    @Test func `a missing server, an unknown host and a passed deadline are transient errors`() throws {
        #expect(try send("smtp://127.0.0.1:1") == SMTPError("the server could not be reached"))
        #expect(try send("smtp://no-such-host.invalid") == SMTPError("the server's name could not be resolved"))
        #expect(try send("smtp://127.0.0.1:1", deadline: .after(.zero))?.isPermanent == false)
    }

    @Test func `one connection sends many messages, even after refusals`() throws {
        try MailServer.run { (server) throws in
            var client = SMTPClient(try SMTPServer(url: "smtp://127.0.0.1:\(server.port)"))
            for number in 0..<20 {
                #expect(try send(to: "user\(number)@example.com", by: &client) == nil)
            }
            #expect(try server.commands() == ["connect"] + Array(repeating: "MAIL", count: 20))

            #expect(try send(to: "never@example.com", by: &client)?.isPermanent == true)
            #expect(try send(to: "ada@example.com", by: &client) == nil)
            #expect(try server.messages().count == 21)
        }
    }

    @Test func `encryption is used if offered, and its certificate must be trusted`() throws {
        try MailServer.run("--starttls") { (server) throws in
            let url = "smtp://localhost:\(server.port)"
            #expect(try send(url, trusting: .file(server.authority)) == nil)
            #expect(try server.messages().first?["encrypted"]?.bool == true)

            for (url, file) in [(url, server.stranger), ("smtp://127.0.0.1:\(server.port)", server.authority)] {
                #expect(try send(url, trusting: .file(file)) == SMTPError("no trusted connection to the server"))
            }
            #expect(try server.messages().count == 1)
        }
        try MailServer.run("--smtps") { (server) throws in
            #expect(try send("smtps://localhost:\(server.port)", trusting: .file(server.authority)) == nil)
            #expect(try server.messages().first?["encrypted"]?.bool == true)
        }
    }

    @Test func `a password is sent encrypted or not at all`() throws {
        try MailServer.run("--starttls", "--auth") { (server) throws in
            let url = "\(Self.user)@localhost:\(server.port)"
            #expect(try send("smtp://\(url)", trusting: .file(server.authority)) == nil)
            #expect(try server.messages().first?["authenticated"]?.bool == true)
        }
        try MailServer.run("--auth") { (server) throws in
            let error = try send("smtp://\(Self.user)@localhost:\(server.port)")
            #expect(error == SMTPError("the server offers no encryption"))
            #expect(try !server.commands().contains("AUTH"))
        }
    }

    @Test func `a wrong password is a transient error that does not contain it`() throws {
        try MailServer.run("--smtps", "--auth") { (server) throws in
            let url = "smtps://mailer%40acme:hunter2@localhost:\(server.port)"
            let error = try send(url, trusting: .file(server.authority))

            #expect(error?.isPermanent == false)
            #expect(error?.description == "the user or password was refused: 535 5.7.8")
        }
    }
}
