import Base
import Core
import Postgres
import System
import TestSupport
import Testing

@testable import Teams
@testable import Notifications
@testable import nofx

/// Delivery through a mail server whose behavior depends on the recipient, with the operator role.
struct DeliverOutboxTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "ada@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team("Åre 🎿", of: owner)
        Process.ignoreBrokenPipes()
    }

    @discardableResult
    private func queue(_ address: String, note: String? = nil) throws -> UUID {
        try database.queueInvite(to: address, team: team.id.uuid, by: owner.user.uuid, note: note)
    }

    /// Delivers the due mail, through a server or a program.
    private func deliver(
        _ variables: (String, String)...,
        input: String = "{}",
        log: Log = .silent,
        deadline: Deadline = .test
    ) throws -> String {
        let environment = Environment([("NOFX_MAIL_FROM", "Acme <mail@acme.example>")] + variables)
        var context = try database.operatorContext(log: log, deadline: deadline)
        var channels = try DeliveryChannels(environment)
        let request = try Outbox.Request(input: JSONDocument(parsing: Array(input.utf8)).root)
        let report = try Outbox.deliver(request, by: &channels, in: &context)
        var json = JSONWriter()
        report.encode(to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func report(
        _ claimed: Int = 0,
        delivered: Int = 0,
        dropped: Int = 0,
        retried: Int = 0,
        dead: Int = 0,
        more: Bool = false
    ) -> String {
        """
        {"redriven":0,"claimed":\(claimed),"delivered":\(delivered),"dropped":\(dropped),"retried":\(retried),"dead":\(dead),\
        "more":\(more)}
        """
    }

    private func url(_ server: MailServer) -> (String, String) { ("NOFX_SMTP_URL", "smtp://127.0.0.1:\(server.port)") }

    @Test func `a mail names the inviter, team, role and expiry, and how to accept`() throws {
        try MailServer.run { (server) throws in
            let id = try queue("Grace@Example.com", note: "Come!\nTo accept, open\nhttps://evil.example")
            #expect(try deliver(url(server)) == report(1, delivered: 1))

            let mail = try #require(try server.messages().first)
            let text = try #require(mail["text"]?.string).replacing("\r\n", with: "\n")
            let token = try #require(text.split(separator: #""token":""#).last?.prefix { $0 != "\"" })
            let end: String = try database.value(
                "SELECT to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD \"at\" HH24:MI') FROM nofx.team_invites"
            )
            #expect(
                text == """
                    ada@example.com invites you to join the team Åre 🎿 as member.

                    > Come!
                    > To accept, open
                    > https://evil.example

                    To accept, sign in with your address Grace@Example.com and call acceptInvite with

                    {"token":"\(token)"}

                    The invitation ends on \(end) UTC. If you did not expect it, you need not do anything.

                    """
            )
            #expect(mail["subject"]?.string == "Invitation to join Åre 🎿")
            #expect(mail["id"]?.string == "<\(id)@acme.example>")
            #expect(mail["envelope"]?.elements.compactMap(\.string) == ["mail@acme.example", "Grace@Example.com"])
            #expect(mail["defects"]?.count == 0)
            #expect(try database.outbox(id).status == "gone")
            #expect(try deliver(url(server)) == report())
            #expect(try server.messages().count == 1)
        }
    }

    @Test(arguments: [
        ("https://evil.example/login", "https[:]//evil[.]example/login"),
        ("Ada ada@evil.example", "Ada ada[@]evil[.]example"), ("www.evil.example", "www[.]evil[.]example"),
        ("evil。example", "evil[。]example"), ("mailto:a", "mailto[:]a"), ("tel:+4912", "tel[:]+4912"),
        ("Team: A. B. 12:30 ...", "Team: A. B. 12:30 ..."), ("evil.例え", "evil[.]例え"),
    ])
    func `a team's name that looks like an address is no link in the mail`(name: String, shown: String) throws {
        try MailServer.run { (server) throws in
            try queue("grace@example.com", note: nil)
            try database.rows("UPDATE nofx.teams SET name = \(name)")
            #expect(try deliver(url(server)) == report(1, delivered: 1))
            let mail = try #require(try server.messages().first)
            #expect(mail["subject"]?.string == "Invitation to join \(shown)")
            #expect(mail["text"]?.string?.contains("invites you to join the team \(shown) as") == true)
            #expect(mail["defects"]?.count == 0)
        }
    }

    @Test(arguments: ["x\u{202E}y", "a" + String(repeating: ":a", count: 49)])
    func `a team's name that no subject can have is left out of it`(name: String) throws {
        try MailServer.run { (server) throws in
            try queue("grace@example.com", note: nil)
            try database.rows("UPDATE nofx.teams SET name = \(name)")
            #expect(try deliver(url(server)) == report(1, delivered: 1))
            let mail = try #require(try server.messages().first)
            #expect(mail["subject"]?.string == "Invitation to join a team")
            #expect(mail["text"]?.string?.contains("\u{202E}") == false)
        }
    }

    @Test func `the token in a mail is good for its invite, and is kept nowhere`() throws {
        try MailServer.run { (server) throws in
            let log = LogLines()
            try queue("grace@example.com", note: "between you and me")
            let link = ("NOFX_INVITE_URL", "https://acme.example/join#t={token}&x")
            #expect(try deliver(url(server), link, log: log.log) == report(1, delivered: 1))

            let text = try #require(try server.messages().first?["text"]?.string)
            let token = String(
                try #require(text.split(separator: "https://acme.example/join#t=").last?.prefix { $0 != "&" })
            )
            #expect(token.hasPrefix("nofxi_") && token.utf8.count == 49)
            #expect(try !database.contents().contains(token.dropFirst(6)))
            for secret in [String(token.dropFirst(6)), "between you", "grace@example.com"] {
                #expect(log.containing(secret).isEmpty)
            }
            let grace = Caller.stranger()
            try database.rows(
                """
                INSERT INTO nofx.users (id, issuer, subject)
                VALUES (\(grace.user), \(grace.issuer), \(grace.subject))
                """
            )
            let outcome: String = try database.value(
                """
                SELECT a.outcome FROM set_config('nofx.user_id', \(grace.user.description), true) AS me,
                    LATERAL nofx.accept_invite(sha256(convert_to(\(token), 'UTF8')), 'grace@example.com', 100) a
                WHERE me IS NOT NULL
                """
            )
            #expect(outcome == "accepted")
        }
    }

    @Test func `a transient failure is retried eight times in all, with growing waits`() throws {
        try MailServer.run { (server) throws in
            let id = try queue("later@example.com")
            for minutes in [1, 5, 30, 120, 360, 720, 720] {
                #expect(try deliver(url(server)) == report(1, retried: 1))
                let state = try database.outbox(id)
                #expect(state.status == "pending" && state.error == "the recipient was refused: 450 4.2.1")
                #expect((minutes * 60 - 30...minutes * 72).contains(state.wait), "\(minutes): \(state.wait)")
                #expect(try deliver(url(server)) == report())
                try database.makeOutboxDue()
            }
            #expect(try deliver(url(server)) == report(1, dead: 1))
            #expect(try database.outbox(id).status == "dead")
            #expect(try database.outbox(id).attempts == 8)
            #expect(try deliver(url(server)) == report())
        }
    }

    @Test func `a mail whose deliverer dies every time is dead-lettered`() throws {
        try MailServer.run { (server) throws in
            let id = try queue("grace@example.com")
            try database.rows("UPDATE nofx.queue SET attempt = 8")
            #expect(try deliver(url(server)) == report(1, dead: 1))
            #expect(try database.outbox(id).status == "dead")
            #expect(try server.messages().isEmpty)
        }
    }

    @Test func `a mail that failed once is delivered by the next run`() throws {
        try MailServer.run { (server) throws in
            let id = try queue("once@example.com")
            #expect(try deliver(url(server)) == report(1, retried: 1))
            try database.makeOutboxDue()
            #expect(try deliver(url(server)) == report(1, delivered: 1))

            #expect(try database.outbox(id).status == "gone")
            #expect(try server.messages().count == 1)
        }
    }

    @Test func `a permanent refusal is logged without the address, and other mail is delivered`() throws {
        try MailServer.run { (server) throws in
            let log = LogLines()
            let (refused, other) = (try queue("never@example.com"), try queue("grace@example.com"))
            #expect(try deliver(url(server), log: log.log) == report(2, delivered: 1, dead: 1))

            #expect(try database.outbox(refused).error == "the recipient was refused: 550 5.1.1")
            #expect(try database.outbox(other).status == "gone")
            #expect(log.containing("outbox.dead").count == 1 && log.containing(refused.description).count == 1)
            #expect(log.containing("@example.com").isEmpty)
        }
    }

    @Test(arguments: [
        "UPDATE nofx.team_invites SET status = 'cancelled', decided_at = now()",
        "UPDATE nofx.team_invites SET status = 'expired', decided_at = now()",
        "UPDATE nofx.team_invites SET expires_at = now()", "DELETE FROM nofx.team_invites",
        "UPDATE nofx.teams SET deleted_at = now(), purge_after = now()",
    ])
    func `an invite that cannot be accepted is not mailed`(change: StaticString) throws {
        try MailServer.run { (server) throws in
            let id = try queue("grace@example.com")
            try database.rows("\(sql: change)")

            #expect(try deliver(url(server)) == report(1, dropped: 1))
            #expect(try database.outbox(id).status == "gone")
            #expect(try server.messages().isEmpty)
            #expect(try database.value("SELECT count(*) FROM nofx.team_invite_tokens", as: Int.self) == 0)
        }
    }

    @Test func `the mail of an invite that is being accepted is deferred`() throws {
        try MailServer.run { (server) throws in
            let (held, other) = (try queue("grace@example.com"), try queue("hopper@example.com"))
            var connection = try database.connect()
            try connection.transaction(deadline: .test) { (transaction) throws in
                let invite: Query = """
                    SELECT FROM nofx.team_invites
                    WHERE id = (SELECT (payload ->> 'inviteId')::uuid FROM nofx.queue WHERE id = \(held)) FOR UPDATE
                    """
                try transaction.run(invite)
                #expect(try deliver(url(server)) == report(2, delivered: 1, retried: 1))
            }
            #expect(try database.outbox(held).status == "pending")
            #expect(try database.outbox(other).status == "gone")
        }
    }

    @Test func `a deliverer whose lease expired cannot report a result`() throws {
        let id = try queue("grace@example.com")
        let statement = "UPDATE nofx.queue SET attempt = attempt + 1, fence = fence + 1"
        let program = try MailProgram("cat >\"$folder/1.eml\"; psql -qXd \"\(database.ownerURL)\" -c '\(statement)'")
        let log = LogLines()

        let path = ("NOFX_MAIL_COMMAND", program.path)
        #expect(try deliver(path, ("PATH", "/usr/bin:/bin"), log: log.log) == report(1))
        #expect(try database.outbox(id).status == "pending" && database.outbox(id).attempts == 2)
        #expect(try (200...300).contains(database.outbox(id).wait))
        #expect(log.containing("outbox.late").count == 1)
    }

    @Test func `eight concurrent deliverers send each mail once`() throws {
        try MailServer.run { (server) throws in
            for number in 0..<60 { try queue("user\(number)@example.com") }
            let reports = try runConcurrently(8) { _, barrier in
                barrier()
                return try deliver(url(server))
            }

            let recipients = try server.messages().compactMap { $0["to"]?.elements.first(where: { _ in true })?.string }
            #expect(recipients.sorted() == (0..<60).map { "user\($0)@example.com" }.sorted())
            #expect(reports.allSatisfy { $0.hasSuffix(#""more":false}"#) }, "\(reports)")
            #expect(try database.value("SELECT count(*) FROM nofx.queue", as: Int.self) == 0)
        }
    }

    @Test func `a delivery stops at its limit or deadline and reports that more is due`() throws {
        try MailServer.run { (server) throws in
            for number in 0..<5 { try queue("user\(number)@example.com") }

            #expect(try deliver(url(server), deadline: .after(.milliseconds(900))) == report(more: true))
            #expect(try deliver(url(server), input: #"{"limit":2}"#) == report(2, delivered: 2, more: true))
            #expect(try deliver(url(server), input: #"{"limit":3}"#) == report(3, delivered: 3))
        }
    }

    @Test func `an inviter without an address is called a member`() throws {
        try MailServer.run { (server) throws in
            try database.rows("UPDATE nofx.users SET email = NULL, email_normalized = NULL")
            try queue("grace@example.com")

            #expect(try deliver(url(server)) == report(1, delivered: 1))
            #expect(try server.messages().first?["text"]?.string?.hasPrefix("A member invites you") == true)
        }
    }

    @Test(arguments: ["0", "1001", "-1", "1.5", #""1""#, "[]"])
    func `a limit must be an integer from 1 to 1000`(limit: String) throws {
        var context = try database.operatorContext()
        #expect(throws: Problem.self) { try DeliverOutbox.call(#"{"limit":\#(limit)}"#, in: &context) }
    }

    @Test func `without a mail transport the function reports a misconfiguration and claims nothing`() throws {
        let id = try queue("grace@example.com")
        let log = LogLines()
        var context = try database.operatorContext(log: log.log)
        let problem = #expect(throws: Problem.self) { try DeliverOutbox.call("{}", in: &context) }

        #expect(problem?.code == "misconfigured")
        #expect(log.containing("NOFX_MAIL_FROM").count == 1)
        #expect(try database.outbox(id).attempts == 0)
    }

    @Test func `a newer database is not changed`() throws {
        try MailServer.run { (server) throws in
            let id = try queue("grace@example.com")
            try database.rows(
                """
                UPDATE nofx.migrations SET min_compatible = 1000, version = 1000
                WHERE version = (SELECT max(version) FROM nofx.migrations)
                """
            )

            #expect(throws: PostgresError.self) { try deliver(url(server)) }
            #expect(try database.outbox(id).attempts == 0)
        }
    }
}
