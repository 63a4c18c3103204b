import Base
import Glibc
import Postgres
import TestSupport
import Testing

/// deliverOutbox as a scheduled process, with a mail server or a script in place of sendmail.
struct OutboxTests {
    private let database: TestDatabase
    private let owner = TestDatabase.newSubject()
    private let team: UUID

    init() throws {
        database = try TestDatabase()
        team = try #require(UUID(try database.makeTeam(as: owner)))
    }

    @discardableResult
    private func queue(_ address: String) throws -> UUID {
        try database.queueInvite(to: address, team: team, by: #require(UUID(owner)), note: "a personal word")
    }

    private func deliverOutbox(_ name: String, _ value: String, _ more: [String: String] = [:]) -> TestFunction {
        let environment = [
            "NOFX_MAIL_FROM": "Acme <mail@acme.example>", name: value, "PATH": "/usr/bin:/bin", "LOG_LEVEL": "debug",
            "NOFX_JWT_SECRET": "", "NOFX_JWT_ISSUER": "", "NOFX_JWT_AUDIENCE": "",
        ]
        return TestFunction(
            "deliverOutbox",
            database: database.operatorURL,
            environment: environment.merging(more) { $1 }
        )
    }

    private func through(_ server: MailServer) -> TestFunction {
        deliverOutbox("NOFX_SMTP_URL", "smtp://127.0.0.1:\(server.port)")
    }

    /// Runs the function, checks the log, and returns the numbers of its answer.
    private func counts(_ function: TestFunction) throws -> [String: Int] {
        let outcome = try function.run("{}")
        #expect(outcome.status == 0, "\(outcome)")
        try expectNoInternals(outcome)
        for secret in ["nofxi_", "@example.com", "a personal word"] { #expect(!outcome.errors.contains(secret)) }
        let answer = try outcome.json()
        return ["claimed", "delivered", "retried", "dead"].reduce(into: [:]) { counts, name in
            if let count = answer[name]?.integer, count > 0 { counts[name] = count }
        }
    }

    @Test func `an invite is mailed once`() throws {
        try MailServer.run { (server) throws in
            try queue("grace@example.com")

            #expect(try counts(through(server)) == ["claimed": 1, "delivered": 1])
            #expect(try counts(through(server)) == [:])
            #expect(try server.messages().count == 1)
        }
    }

    @Test func `a mail that the server rejects temporarily is delivered by the second run`() throws {
        try MailServer.run { (server) throws in
            let id = try queue("once@example.com")

            #expect(try counts(through(server)) == ["claimed": 1, "retried": 1])
            #expect(try counts(through(server)) == [:])
            #expect(try database.outbox(id).attempts == 1)
            try database.makeOutboxDue()
            #expect(try counts(through(server)) == ["claimed": 1, "delivered": 1])
            #expect(try database.outbox(id).status == "gone")
        }
    }

    @Test func `a mail that the server rejects permanently is dead-lettered`() throws {
        try MailServer.run { (server) throws in
            let id = try queue("never@example.com")

            #expect(try counts(through(server)) == ["claimed": 1, "dead": 1])
            #expect(try database.outbox(id).status == "dead")
        }
    }

    @Test func `without a mail server no mail is lost`() throws {
        let id = try queue("grace@example.com")

        #expect(try counts(deliverOutbox("NOFX_SMTP_URL", "smtp://127.0.0.1:1")) == ["claimed": 1, "retried": 1])
        #expect(try database.outbox(id).error == "the server could not be reached")
    }

    @Test func `eight concurrent processes send each mail once`() throws {
        try MailServer.run { (server) throws in
            for number in 0..<40 { try queue("user\(number)@example.com") }
            let outcomes = try runConcurrently(8) { _, barrier in
                barrier()
                return try through(server).run("{}")
            }

            let delivered = try outcomes.map { try $0.json()["delivered"]?.integer ?? 0 }
            #expect(delivered.reduce(0, +) == 40, "\(delivered)")
            #expect(Set(try server.messages().map { $0["id"]?.string }).count == 40)
            #expect(try server.messages().count == 40)
        }
    }

    @Test func `a mail whose deliverer was killed is delivered after its lease expires`() throws {
        // The script kills its deliverer during the first delivery.
        let program = try MailProgram(
            """
            if mkdir "$folder/first" 2>/dev/null; then kill -9 $PPID; exit 0; fi
            cat >"$folder/$$.eml"
            """
        )
        let id = try queue("grace@example.com")
        let function = deliverOutbox("NOFX_MAIL_COMMAND", program.path)
        #expect(try function.run("{}").status == 128 + SIGKILL)

        #expect(try counts(function) == [:])
        #expect(try (200...300).contains(database.outbox(id).wait) && database.outbox(id).attempts == 1)
        try database.makeOutboxDue()
        #expect(try counts(function) == ["claimed": 1, "delivered": 1])
        #expect(try program.mails().map { $0["to"]?.elements.compactMap(\.string) } == [["grace@example.com"]])
        #expect(try database.outbox(id).status == "gone")
    }

    @Test func `a failure of sendmail is detected even if SIGCHLD is ignored`() throws {
        let program = try MailProgram("cat >/dev/null; exit 75")
        try queue("grace@example.com")
        let environment = [
            "DATABASE_URL": database.operatorURL, "NOFX_MAIL_FROM": "mail@acme.example",
            "NOFX_MAIL_COMMAND": program.path, "PATH": "/usr/bin:/bin",
        ]
        let outcome = try Subprocess(
            "/usr/bin/env",
            ["--ignore-signal=CHLD", TestFunction.path(of: "deliverOutbox")],
            environment: environment
        )
        .finish(Array("{}".utf8))

        #expect(try outcome.json()["retried"]?.integer == 1, "\(outcome)")
    }

    @Test func `an invalid variable is logged by name, without its value`() throws {
        let id = try queue("grace@example.com")
        let outcome = try deliverOutbox("NOFX_SMTP_URL", "smtp://mailer:hunter2@host:x").run("{}")

        try expectProblem(outcome, 503, "misconfigured", exit: 78)
        #expect(try outcome.log("configuration.invalid").map { $0["variable"]?.string } == ["NOFX_SMTP_URL"])
        #expect(try database.outbox(id).attempts == 0)
    }

    @Test func `no web event can deliver mail`() throws {
        let event = #"{"version":"2.0","requestContext":{"http":{"method":"POST"}},"headers":{},"body":"{}"}"#
        let outcome = try deliverOutbox("NOFX_SMTP_URL", "smtp://127.0.0.1:1").run(event)

        #expect(try outcome.json()["statusCode"]?.integer == 403)
    }

    @Test func `the functions' role cannot deliver mail`() throws {
        let function = deliverOutbox("NOFX_SMTP_URL", "smtp://127.0.0.1:1", ["DATABASE_URL": database.url])

        try expectProblem(try function.run("{}"), 503, "misconfigured", exit: 78)
    }
}
