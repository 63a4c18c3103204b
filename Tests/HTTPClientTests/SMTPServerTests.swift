import Base
import Testing

@testable import HTTPClient

struct SMTPServerTests {
    @Test(arguments: [
        ("smtp://mail.example.com", "smtp://mail.example.com:25"),
        ("smtps://mail.example.com/", "smtps://mail.example.com:465"),
        ("SMTP://127.0.0.1:2525", "smtp://127.0.0.1:2525"), ("smtp://[::1]:25", "smtp://[::1]:25"),
        ("smtp://user:p%40ss@localhost:587", "smtp://localhost:587"), ("smtps://a:b@c@host", "smtps://host:465"),
    ])
    func `the printed form of a server has only scheme, host and port`(url: String, address: String) throws {
        #expect(try SMTPServer(url: url).address == address)
    }

    @Test func `user and password are percent-decoded and not printed`() throws {
        let server = try SMTPServer(url: "smtp://mailer%40acme:p%3Ass%20w%C3%B6rd%2F@localhost")
        let credentials = try #require(server.credentials)

        #expect(credentials.user.text == "mailer@acme")
        #expect(credentials.password.text == "p:ss wörd/")
        #expect(!"\(server)".contains("acme") && !"\(server)".contains("wörd"))
    }

    @Test(arguments: [
        "", "smtp", "smtp:", "smtp:/", "smtp://", "http://host", "mail.example.com", "smtp://host:", "smtp://host:0",
        "smtp://host:65536", "smtp://host:25x", "smtp://host:+25", "smtp://ho st", "smtp://host/path", "smtp://host?x",
        "smtp://host#x", "smtp://[::1", "smtp://[]", "smtp://[x]", "smtp://:25", "smtp://user@host",
        "smtp://user:@host",
        "smtp://:pass@host", "smtp://user:%0D%0AQUIT@host", "smtp://user:%00@host", "smtp://user:%4@host",
        "smtp://user:%zz@host", "smtp://hö.example", "smtp://host\r\n", "smtp://user:%@host",
    ])
    func `an invalid URL is rejected without repeating its parts`(url: String) throws {
        let error = #expect(throws: SMTPServer.InvalidURL.self) { try SMTPServer(url: url) }
        #expect(error?.description.hasPrefix("must ") == true)
        #expect(error?.description.contains("pass") == false || error?.description.contains("password") == true)
    }

    @Test(arguments: [
        ("localhost", true), ("dead.beef", true), ("127.0.0.1", false), ("[::1]", false),
    ])
    func `a host name needs the name service, and an address does not`(host: String, needs: Bool) throws {
        #expect(try SMTPServer(url: "smtp://\(host)").needsNameService == needs)
    }
}
