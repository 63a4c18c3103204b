import Base
import TestSupport
import Testing

@testable import Notifications

struct MailMessageTests {
    private let id: UUID
    private let recipient: EmailAddress
    private let sender: Mailbox
    private let date: Timestamp

    init() throws {
        id = try #require(UUID("01a204a2-c85a-7d70-b08b-b4c39c8d3d55"))
        recipient = try #require(EmailAddress("grace@example.com"))
        sender = try #require(Mailbox("Acme Mail <mail@acme.example>"))
        date = try #require(Timestamp("2026-11-22T17:05:56.123456Z"))
    }

    private func bytes(subject: String = "Hello", text: String = "Hi", from sender: Mailbox? = nil) throws -> [UInt8] {
        let message = try MailMessage(id: id, to: recipient, subject: subject, text: text, date: date)
        return message.bytes(from: sender ?? self.sender)
    }

    /// The message as Python's `email` package reads it.
    private func read(_ message: [UInt8]) throws -> JSONValue {
        try PythonScript.run("read_mail.py", input: message).json()
    }

    @Test func `a message has exactly these bytes`() throws {
        let expected = """
            From: Acme Mail <mail@acme.example>
            To: grace@example.com
            Subject: Hello
            Date: Sun, 22 Nov 2026 17:05:56 +0000
            Message-ID: <01a204a2-c85a-7d70-b08b-b4c39c8d3d55@acme.example>
            Auto-Submitted: auto-generated
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: base64

            SGkNCg==

            """
        #expect(try String(decoding: bytes(), as: UTF8.self) == expected.replacing("\n", with: "\r\n"))
    }

    @Test(arguments: [
        "Invitation to join Acme", "Invitation to join Åre Skidklubb 🎿", "🧑‍🚀🧑‍🚀🧑‍🚀 🏳️‍🌈", "=?utf-8?Q?forged?=", "a  b", "ü",
        String(repeating: "漢", count: 200), String(repeating: "e\u{301}", count: 100),
        String(repeating: "x", count: 200),
        String(repeating: "word ", count: 39) + "word", "\"quotes\" <and> (more), \\ : ; @",
    ])
    func `a subject survives encoding, in short ASCII lines`(subject: String) throws {
        let message = try bytes(subject: subject)
        let mail = try read(message)

        #expect(mail["subject"]?.string?.utf8.elementsEqual(subject.utf8) == true, "\(mail.text)")
        #expect(mail["defects"]?.count == 0, "\(mail.text)")
        #expect(message.allSatisfy { $0 < 0x80 })
        for line in String(decoding: message, as: UTF8.self).split(separator: "\r\n") {
            #expect(line.utf8.count <= 78, "\(line)")
        }
    }

    @Test(arguments: [
        "a\r\nBcc: mallory@example.com", "a\nb", "a\rb", "a\u{0}b", "a\tb", "a\u{85}b", "a\u{2028}b", "a\u{202E}b", "",
        " ", "a\r\n\r\nbody", String(repeating: "x", count: 201),
    ])
    func `a subject with line breaks or control characters is rejected`(subject: String) throws {
        #expect(throws: MailMessage.InvalidSubject.self) { try bytes(subject: subject) }
    }

    @Test(arguments: [
        ("", "\n"), ("one", "one\n"), ("one\n", "one\n"), ("one\n\ntwo", "one\n\ntwo\n"),
        (".\n..\nFrom me", ".\n..\nFrom me\n"),
        ("🧑‍🚀 ü 漢", "🧑‍🚀 ü 漢\n"),
    ])
    func `a text survives encoding`(text: String, expected: String) throws {
        let mail = try read(try bytes(text: text))

        #expect(mail["text"]?.string?.replacing("\r\n", with: "\n") == expected)
        #expect(mail["defects"]?.count == 0, "\(mail.text)")
    }

    @Test func `a long text is wrapped at 76 characters`() throws {
        let text = String(repeating: "long line without end ", count: 5_000)
        let message = String(decoding: try bytes(text: text), as: UTF8.self)
        let body = message.split(separator: "\r\n\r\n", maxSplits: 1)[1].split(separator: "\r\n")

        #expect(body.dropLast().allSatisfy { $0.utf8.count == 76 })
        #expect(message.utf8.allSatisfy { $0 < 0x80 } && !message.replacing("\r\n", with: "").contains("\n"))
        #expect(try read(Array(message.utf8))["text"]?.string?.replacing("\r\n", with: "") == text)
    }

    @Test(arguments: [
        ("mail@acme.example", ""), ("Acme <mail@acme.example>", "Acme"), ("Åre 🎿 <mail@acme.example>", "Åre 🎿"),
        ("Acme, Inc. <mail@acme.example>", "Acme, Inc."), ("O'Neil (IT) <mail@acme.example>", "O'Neil (IT)"),
    ])
    func `a sender's name survives encoding`(text: String, name: String) throws {
        let sender = try #require(Mailbox(text))
        let mail = try read(try bytes(from: sender))

        #expect(mail["from"]?.elements.compactMap(\.string) == [name, "mail@acme.example"])
        #expect(mail["defects"]?.count == 0, "\(mail.text)")
    }

    @Test(arguments: [
        "", "Acme", "Acme <>", "<mail@acme.example>", "Acme <mail@acme.example> x", "Acme <mail@acme>",
        "A\r\nBcc: x@y.example <mail@acme.example>", "\"Acme\" <mail@acme.example>", "A <b@c.example> <d@e.example>",
        "a@b.example, c@d.example", "Acme mail@acme.example",
    ])
    func `an invalid sender is rejected`(text: String) throws {
        #expect(Mailbox(text) == nil)
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 +0000"),
        ("2024-02-29T23:59:59.999999Z", "Thu, 29 Feb 2024 23:59:59 +0000"),
        ("2026-12-31T12:00:00+01:00", "Thu, 31 Dec 2026 11:00:00 +0000"),
        ("2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 +0000"),
    ])
    func `dates have the format of RFC 5322`(time: String, expected: String) throws {
        #expect(try #require(Timestamp(time)).inMail == expected)
    }
}
