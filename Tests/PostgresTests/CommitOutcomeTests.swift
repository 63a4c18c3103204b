import Base
import Postgres
import Testing

/// A proxy cuts the connection at chosen bytes, so that the tests see a loss before and after the commit.
@Suite struct CommitOutcomeTests {
    /// The bytes of a commit in both directions; the zero byte distinguishes it from `READ COMMITTED`.
    private static var commit: String { "COMMIT\0" }

    private enum Way: CaseIterable {
        case transact, transaction
    }

    private static func insert(
        _ way: Way,
        _ query: Query,
        through fault: TestProxy.Fault,
        access: AccessMode = .readWrite,
        within limit: Duration = .seconds(120)
    ) throws -> PostgresError? {
        let location = try TestDatabase().location()
        let proxy = try TestProxy(to: location.socketPath, fault: fault)
        defer { proxy.stop() }
        var connection = try Connection(try location.string(port: proxy.port), deadline: .test, log: .silent)
        do {
            let deadline = Deadline.after(limit)
            switch way {
            case .transact: _ = try connection.transact([query], access: access, deadline: deadline)
            case .transaction: try connection.transaction(access: access, deadline: deadline) { try $0.run(query) }
            }
            return nil
        } catch let error as PostgresError {
            #expect(try !connection.checked())
            return error
        }
    }

    @Test(arguments: Way.allCases)
    private func `a commit whose response is lost has an unknown outcome`(_ way: Way) throws {
        let database = try TestDatabase()
        try database.run("SELECT pg_advisory_xact_lock(1); CREATE TABLE IF NOT EXISTS outcome_answer (id uuid)")
        let id = UUID.v7()
        let error = try Self.insert(
            way,
            "INSERT INTO outcome_answer VALUES (\(id))",
            through: .cutAnswer(before: Self.commit)
        )
        #expect(error?.kind == .commitOutcomeUnknown)
        #expect(error?.description == "database commit outcome unknown")
        #expect(error?.isTransient == false)
        var connection = try database.connect()
        #expect(try connection.value("SELECT count(*) FROM outcome_answer WHERE id = \(id)") == 1)
    }

    @Test(arguments: Way.allCases)
    private func `a commit that never arrives has an unknown outcome too`(_ way: Way) throws {
        let database = try TestDatabase()
        try database.run("SELECT pg_advisory_xact_lock(1); CREATE TABLE IF NOT EXISTS outcome_request (id uuid)")
        let id = UUID.v7()
        let error = try Self.insert(
            way,
            "INSERT INTO outcome_request VALUES (\(id))",
            through: .cutRequest(before: Self.commit)
        )
        #expect(error?.kind == .commitOutcomeUnknown)
        var connection = try database.connect()
        #expect(try connection.value("SELECT count(*) FROM outcome_request WHERE id = \(id)") == 0)
    }

    @Test(arguments: Way.allCases)
    private func `a commit whose response is late has an unknown outcome at the deadline`(_ way: Way) throws {
        let database = try TestDatabase()
        try database.run("SELECT pg_advisory_xact_lock(1); CREATE TABLE IF NOT EXISTS outcome_late (id uuid)")
        let id = UUID.v7()
        let error = try Self.insert(
            way,
            "INSERT INTO outcome_late VALUES (\(id))",
            through: .swallowAnswer(from: Self.commit),
            within: .seconds(2)
        )
        #expect(error?.kind == .commitOutcomeUnknown)
        #expect(error?.debugDescription.contains("deadline") == true)
    }

    @Test(arguments: Way.allCases)
    private func `a read-only transaction never has an unknown outcome`(_ way: Way) throws {
        let lost = try Self.insert(way, "SELECT 1", through: .cutAnswer(before: Self.commit), access: .readOnly)
        #expect(lost?.kind == .connection)
        let late = try Self.insert(
            way,
            "SELECT 1",
            through: .swallowAnswer(from: Self.commit),
            access: .readOnly,
            within: .seconds(2)
        )
        #expect(late?.kind == .timeout)
    }

    @Test(arguments: Way.allCases)
    private func `an error that was received counts even if the rest is lost`(_ way: Way) throws {
        // After an error, the server reports ReadyForQuery in a failed transaction.
        let ready = "Z\0\0\0\u{5}E"
        let lost = try Self.insert(way, "SELECT 1 / 0", through: .cutAnswer(before: ready))
        #expect(lost?.kind == .server)
        #expect(lost?.state == SQLState(rawValue: "22012"))
        let late = try Self.insert(
            way,
            "SELECT 1 / 0",
            through: .swallowAnswer(from: ready),
            within: .seconds(2)
        )
        #expect(late?.kind == .server)
    }

    @Test func `a statement lost before the commit was sent is a lost connection`() throws {
        let error = try Self.insert(.transaction, "SELECT 'lost'", through: .cutAnswer(before: "lost"))
        #expect(error?.kind == .connection)
    }

    @Test func `independent statements that may write have unknown outcomes from the lost one on`() throws {
        let location = try TestDatabase().location()
        let queries: [Query] = ["SELECT 1", "SELECT 'lost'", "SELECT 3"]
        for (access, kind) in [
            (AccessMode.readWrite, PostgresError.Kind.commitOutcomeUnknown), (.readOnly, .connection),
        ] {
            let proxy = try TestProxy(to: location.socketPath, fault: .cutAnswer(before: "lost"))
            defer { proxy.stop() }
            var connection = try Connection(try location.string(port: proxy.port), deadline: .test, log: .silent)
            let results = try connection.pipeline(queries, access: access, deadline: .test)
            #expect(results.count == 3)
            #expect(try results[0].get().value() == 1 as Int32)
            for result in results.dropFirst() {
                let error = #expect(throws: PostgresError.self) { try result.get() }
                #expect(error?.kind == kind)
            }
        }
    }

    @Test func `a session that ends in a transaction is a lost connection, and nothing is stored`() throws {
        let database = try TestDatabase()
        try database.run("SELECT pg_advisory_xact_lock(1); CREATE TABLE IF NOT EXISTS outcome_ended (id uuid)")
        let id = UUID.v7()
        var connection = try database.connect()
        var other = try database.connect()
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction(deadline: .test) { transaction in
                try transaction.run("INSERT INTO outcome_ended VALUES (\(id))")
                let process: Int32 = try transaction.run("SELECT pg_backend_pid()").value()
                #expect(try other.value("SELECT pg_terminate_backend(\(process), 60000)") == true)
                try transaction.run("SELECT 1")
            }
        }
        #expect(error?.kind == .connection)
        #expect(try other.value("SELECT count(*) FROM outcome_ended WHERE id = \(id)") == 0)
    }
}
