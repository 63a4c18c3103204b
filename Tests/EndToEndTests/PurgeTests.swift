import Base
import Postgres
import TestSupport
import Testing

/// `purge` runs on a schedule, or by any user who can start the process.
struct PurgeTests {
    // Cases: teams 66
    @Test func `purge deletes expired rows, reports their number, and then has nothing to do`() throws {
        let database = try TestDatabase()
        let team = try database.makeTeam(as: Tokens.subject)
        #expect(try database.function("deleteTeam", as: Tokens.subject).run(#"{"teamId":"\#(team)"}"#).status == 0)
        try database.rows("UPDATE nofx.teams SET purge_after = now()")
        let function = TestFunction("purge", database: database.operatorURL)

        let first = try function.run("{}")
        #expect(first.status == 0, "\(first)")
        let report = try first.json()
        let names = [
            "idempotencyKeys", "rateLimits", "invitesExpired", "invites", "teams", "outbox", "apiKeys", "aiAttempts",
            "aiReservations", "runs", "deadJobs", "aiUsage", "keySets", "activity", "securityEvents", "operatorActions",
            "more",
        ]
        #expect(report.count == names.count && names.allSatisfy { report[$0] != nil })
        #expect(report["teams"]?.integer == 1)
        #expect(report["more"]?.bool == false)
        #expect(try database.value("SELECT count(*) FROM nofx.teams") == 0)
        #expect(try function.run(#"{"batch":10000}"#).json()["teams"]?.integer == 0)

        let trail = try database.function("listActivity", as: Tokens.subject).run(#"{"teamId":"\#(team)"}"#)
        #expect(try trail.json()["items"]?.elements.map { $0["action"]?.string } == ["team.deleted", "team.created"])
    }

    @Test func `concurrent purges delete each row once`() throws {
        let database = try TestDatabase()
        try database.rows("INSERT INTO nofx.users (id, issuer, subject) VALUES (gen_random_uuid(), 'i', 's')")
        try database.rows(
            """
            INSERT INTO nofx.idempotency_keys (user_id, operation, key, fingerprint, expires_at)
            SELECT id, 'createTeam', n::text, sha256('x'), now() FROM nofx.users, generate_series(1, 5000) AS n
            """
        )
        let function = TestFunction("purge", database: database.operatorURL)
        let outcomes = try runConcurrently(8) { _, barrier in
            barrier()
            return try function.run(#"{"batch":50}"#)
        }

        #expect(outcomes.allSatisfy { $0.status == 0 }, "\(outcomes)")
        #expect(try outcomes.map { try $0.json()["idempotencyKeys"]?.integer ?? 0 }.reduce(0, +) == 5_000)
        #expect(try database.value("SELECT count(*) FROM nofx.idempotency_keys") == 0)
    }

    @Test func `no web event can start a purge`() throws {
        let database = try TestDatabase.untouched()
        let function = TestFunction("purge", database: database.operatorURL, token: Tokens.signed())
        let headers = ["authorization": "Bearer \(Tokens.signed())"]
        try expectProblem(try function.run(Events.envelope("{}", headers: headers)), 403, "operator_only", exit: 77)
        for event in Events.allHTTP("{}", headers: headers) {
            #expect(try function.run(event).json()["statusCode"]?.integer == 403)
        }
    }

    @Test func `purge needs no token key, but an operator role`() throws {
        let database = try TestDatabase.untouched()
        let without = ["NOFX_JWT_SECRET": "", "NOFX_JWT_ISSUER": "", "NOFX_JWT_AUDIENCE": ""]
        let able = try TestFunction("purge", database: database.operatorURL, environment: without).run("{}")
        #expect(able.status == 0, "\(able)")
        let unable = try TestFunction("purge", database: database.url, environment: without).run("{}")
        try expectProblem(unable, 503, "misconfigured", exit: 78)
    }
}
