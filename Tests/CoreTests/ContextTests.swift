import Base
import Core
import Postgres
import TestSupport
import Testing

/// The creation of users from callers.
@Suite struct ContextTests {
    // Cases: teams 144
    @Test func `a caller's first call creates the user`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger(email: "Ada@Example.com")
        var context = try database.context(for: caller)
        #expect(try context.write("SELECT 7::int8").value() == 7)
        let rows = try database.rows("SELECT * FROM nofx.users")
        #expect(rows.count == 1)
        let row = try #require(rows.first)
        #expect(try row["id"] == caller.user.uuid)
        #expect(try row["issuer"] == caller.issuer)
        #expect(try row["subject"] == caller.subject)
        #expect(try row["email"] == "Ada@Example.com")
        #expect(try row["email_normalized"] == "ada@example.com")
        #expect(try row["email_verified_at"] as Timestamp? != nil)
        #expect(try row["disabled_at"] as Timestamp? == nil)
    }

    @Test func `a caller's first call creates the user even if it only reads`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger(email: "ada@example.com")
        var context = try database.context(for: caller)
        let read = try context.read("SELECT id FROM nofx.users WHERE id = \(caller.user)")
        #expect(try read.value() == caller.user.uuid)
        #expect(try database.value("SELECT email FROM nofx.users") == "ada@example.com")
    }

    @Test func `a read-only call cannot write`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        // The first call creates the user; the second one finds it.
        for _ in 0..<2 {
            var context = try database.context(for: caller)
            let error = #expect(throws: PostgresError.self) {
                try context.read("UPDATE nofx.users SET disabled_at = now()")
            }
            #expect(error?.state == .readOnlyTransaction)
        }
        #expect(try database.value("SELECT count(*) FROM nofx.users WHERE disabled_at IS NOT NULL") == 0)
    }

    @Test(arguments: [nil, "ada@example.com"])
    func `a known user is not changed when the token has no new address`(_ email: String?) throws {
        let database = try TestDatabase()
        let caller = Caller.stranger(email: "ada@example.com")
        var context = try database.context(for: caller)
        _ = try context.write("SELECT 1")
        let later = Caller(
            user: caller.user,
            issuer: caller.issuer,
            subject: caller.subject,
            email: email.flatMap(EmailAddress.init)
        )
        let before: String = try database.value("SELECT to_jsonb(u)::text || u.xmin FROM nofx.users u")
        var again = try database.context(for: later)
        _ = try again.write("SELECT 1")
        #expect(try database.value("SELECT to_jsonb(u)::text || u.xmin FROM nofx.users u") == before)
    }

    @Test(arguments: [("https://issuer.test", "mallory"), ("https://other.test", "ada")])
    func `the id of another issuer's user is not accepted`(_ issuer: String, _ subject: String) throws {
        let database = try TestDatabase()
        let user = ID<User>.make()
        let ada = Caller(user: user, issuer: "https://issuer.test", subject: "ada", email: nil)
        var context = try database.context(for: ada)
        _ = try context.write("SELECT 1")
        var impostor = try database.context(for: Caller(user: user, issuer: issuer, subject: subject, email: nil))
        let error = #expect(throws: PostgresError.self) { try impostor.read("SELECT 1") }
        let problem = Problem(try #require(error))
        #expect((problem.status, problem.code) == (401, "invalid_token"))
    }

    @Test(arguments: [true, false])
    func `an address that another user's newer token has is left out with a warning`(_ isReading: Bool) throws {
        let database = try TestDatabase()
        var first = try database.context(for: .stranger(email: "ada@example.com"))
        _ = try first.write("SELECT 1")
        let (user, lines) = (ID<User>.make(), LogLines())
        let caller = Caller(
            user: user,
            issuer: "https://issuer.test",
            subject: user.description,
            email: EmailAddress("ADA@example.com"),
            issuedAt: Timestamp(microsecondsSince1970: 0)
        )
        var context = try database.context(for: caller, log: lines.log)
        _ = try isReading ? context.read("SELECT 1") : context.write("SELECT 1")
        let warnings = lines.containing("user.email_taken")
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains(caller.user.description) == true)
        #expect(warnings.first?.contains("example.com") == false)
        #expect(try database.value("SELECT email FROM nofx.users WHERE id = \(caller.user)", as: String?.self) == nil)
        #expect(try database.value("SELECT count(*) FROM nofx.users") == 2)
    }

    @Test func `callers without an address do not conflict`() throws {
        let database = try TestDatabase()
        for _ in 0..<3 {
            var context = try database.context(for: .stranger())
            _ = try context.write("SELECT 1")
        }
        #expect(try database.value("SELECT count(*) FROM nofx.users WHERE email IS NULL") == 3)
    }

    @Test func `concurrent first calls of one caller create one user`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger(email: "ada@example.com")
        let lines = LogLines()
        let outcomes = try database.enter(Array(repeating: caller, count: 16), log: lines.log)
        #expect(outcomes == Array(repeating: nil, count: 16))
        #expect(lines.containing("user.email_taken").isEmpty)
        #expect(try database.value("SELECT count(*) FROM nofx.users") == 1)
        #expect(try database.value("SELECT email FROM nofx.users") == "ada@example.com")
    }

    @Test func `of the first callers with one address at once the last one has it`() throws {
        let database = try TestDatabase()
        let lines = LogLines()
        let callers = (0..<16).map { _ in Caller.stranger(email: "ada@example.com") }
        #expect(try database.enter(callers, log: lines.log) == Array(repeating: nil, count: 16))
        let (taken, removed) = (lines.containing("user.email_taken"), lines.containing("user.email_removed"))
        #expect(taken.count + removed.count == 15)
        #expect(try database.value("SELECT count(*) FROM nofx.users") == 16)
        #expect(try database.value("SELECT count(*) FROM nofx.users WHERE email IS NOT NULL") == 1)
    }

    // Cases: teams 144
    @Test func `a disabled user can neither write nor read`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        var context = try database.context(for: caller)
        _ = try context.write("SELECT 1")
        try database.rows("UPDATE nofx.users SET disabled_at = now()")
        for isWriting in [true, false] {
            let error = #expect(throws: PostgresError.self) {
                try isWriting
                    ? context.write("UPDATE nofx.users SET subject = 'changed'") : context.read("SELECT 1")
            }
            let problem = Problem(try #require(error))
            #expect((problem.status, problem.code) == (401, "invalid_token"))
        }
        #expect(try database.value("SELECT subject FROM nofx.users") == caller.subject)
    }

    @Test func `the statements of a transaction are committed together`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        var context = try database.context(for: caller)
        #expect(throws: PostgresError.self) { try context.write("SELECT 1", "SELECT 1/0") }
        #expect(try database.value("SELECT count(*) FROM nofx.users") == 0)
        #expect(try context.write("SELECT 1::int8", "SELECT 2::int8").value() == 2)
    }

    @Test func `an anonymous call sends no statement`() throws {
        let nowhere = try ConnectionString("host=/nowhere user=nobody dbname=none")
        var context = Context(
            origin: Origin(requestID: "test"),
            deadline: .test,
            log: .silent,
            database: Database(at: nowhere)
        )
        let problem = #expect(throws: Problem.self) { try context.write("SELECT 1") }
        #expect((problem?.status, problem?.code) == (401, "unauthenticated"))
        #expect(throws: Problem.self) { try context.user(attempting: Action("test.do", needs: .read, refusal: "")) }
    }

    @Test func `a broken connection is reopened for the next call`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        var context = try database.context(for: caller)
        let first: Int = try context.write("SELECT pg_backend_pid()").value()
        var next = Context(origin: context.origin, deadline: .test, log: .silent, database: context.end())
        next.authenticated(as: caller)
        #expect(try next.read("SELECT pg_backend_pid()").value() == first)
        try database.rows("SELECT pg_terminate_backend(\(Int32(first)), 60000)")
        #expect(try next.read("SELECT pg_backend_pid()").value() != first)
    }
}

extension TestDatabase {
    /// Makes first calls of several callers at the same time.
    ///
    /// - Returns: The error of each call.
    fileprivate func enter(_ callers: [Caller], log: Log) throws -> [String?] {
        let barrier = ThreadBarrier(for: callers.count)
        let threads = callers.enumerated().map { number, caller in
            TestThread { () -> String? in
                do {
                    var context = try context(for: caller, log: log)
                    // A failure to connect recurs in the call. If it were thrown here, the other threads would wait
                    // forever.
                    try? context.withConnection { _ in }
                    barrier.wait()
                    _ = try number.isMultiple(of: 2) ? context.write("SELECT 1") : context.read("SELECT 1")
                    return nil
                } catch {
                    return "\(error)"
                }
            }
        }
        return threads.map { $0.join() }
    }
}
