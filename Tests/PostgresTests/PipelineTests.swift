import Base
import Postgres
import Testing

@Suite struct PipelineTests {
    @Test func `a failing statement does not affect the others`() throws {
        var connection = try TestDatabase().connect()
        let results = try connection.pipeline(
            ["SELECT 1", "SELECT 1 / 0", "SELECT \("three") AS text"],
            access: .readOnly,
            deadline: .test
        )
        #expect(results.count == 3)
        #expect(try results[0].get().value() == 1)
        let error = #expect(throws: PostgresError.self) { try results[1].get() }
        #expect(error?.state == SQLState(rawValue: "22012"))
        #expect(try results[2].get().value() == "three")
        #expect(try connection.checked())
    }

    @Test func `an error has a code, a constraint and a description without data`() throws {
        let database = try TestDatabase()
        try database.run(
            """
            DROP TABLE IF EXISTS pipeline_errors;
            CREATE TABLE pipeline_errors (slug text CONSTRAINT pipeline_errors_slug UNIQUE);
            INSERT INTO pipeline_errors VALUES ('private@example.com')
            """
        )
        var connection = try database.connect()
        let error = #expect(throws: PostgresError.self) {
            try connection.rows("INSERT INTO pipeline_errors VALUES (\("private@example.com"))")
        }
        #expect(error?.kind == .server)
        #expect(error?.state == .uniqueViolation)
        #expect(error?.constraint == "pipeline_errors_slug")
        #expect(error?.description == "database error 23505 on pipeline_errors_slug")
        let full = try #require(error?.debugDescription)
        #expect(full.contains("duplicate key") && full.contains("INSERT INTO pipeline_errors VALUES ($1)"))
        #expect(!full.contains("private@example.com"))
    }

    @Test func `a transaction that a statement leaves open is rolled back`() throws {
        var connection = try TestDatabase().connect()
        _ = try connection.pipeline(["BEGIN", "SELECT 1"], deadline: .test)
        #expect(try connection.checked())
        #expect(try connection.transact(["SELECT 2"], deadline: .test)[0].value() == 2)
    }

    @Test func `a pipeline carries a thousand statements`() throws {
        var connection = try TestDatabase().connect()
        let results = try connection.pipeline(
            (0..<1_000).map { "SELECT \($0), repeat('x', 1000)" },
            access: .readOnly,
            deadline: .test
        )
        #expect(try results.map { try $0.get().value(as: Int.self) } == Array(0..<1_000))
    }

    @Test func `parameters and results larger than all buffers cause no deadlock`() throws {
        var connection = try TestDatabase().connect()
        let large = [UInt8](repeating: 7, count: 4 << 20)
        let queries = (0..<6).map { "SELECT \($0) AS number, \(large) AS bytes" as Query }
        for rows in try connection.transact(queries, deadline: .test) {
            #expect(try #require(rows.first).get("bytes", as: [UInt8].self) == large)
        }
        for result in try connection.pipeline(queries, access: .readOnly, deadline: .test) {
            #expect(try #require(try result.get().first).get("bytes", as: [UInt8].self) == large)
        }
    }

    @Test func `COPY is rejected, because it uses another protocol`() throws {
        var connection = try TestDatabase().connect()
        let error = #expect(throws: PostgresError.self) { try connection.rows("COPY (SELECT 1) TO STDOUT") }
        #expect(error?.kind == .connection)
        #expect(try !connection.checked())
    }

    @Test func `an empty pipeline sends nothing`() throws {
        var connection = try TestDatabase().connect()
        #expect(try connection.pipeline([], deadline: .test).isEmpty)
        #expect(try connection.transact([], deadline: .test).isEmpty)
    }

    @Test func `a result has the number of affected rows`() throws {
        let database = try TestDatabase()
        try database.run("DROP TABLE IF EXISTS pipeline_counts; CREATE TABLE pipeline_counts (n int8)")
        var connection = try database.connect()
        let rows = try connection.transact(
            [
                "INSERT INTO pipeline_counts SELECT generate_series(1, 5)",
                "UPDATE pipeline_counts SET n = n WHERE n > 3", "SELECT n FROM pipeline_counts ORDER BY n",
            ],
            deadline: .test
        )
        #expect(rows.map(\.affected) == [5, 2, 5])
        #expect(rows.map(\.count) == [0, 0, 5])
        #expect(try rows[2].decode(Number.self).map(\.value) == [1, 2, 3, 4, 5])
        #expect(rows[0].first == nil)
        #expect(try rows[0].decodeFirst(Number.self) == nil)
        #expect(throws: PostgresError.self) { try rows[0].value(as: Int.self) }
    }
}
