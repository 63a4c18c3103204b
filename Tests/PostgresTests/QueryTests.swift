import Base
import Postgres
import Testing

@Suite struct QueryTests {
    @Test func `a value that resembles SQL stays a value`() throws {
        var connection = try TestDatabase().connect()
        let hostile = "'); DROP TABLE users; --"
        #expect(try connection.value("SELECT \(hostile)") == hostile)
        #expect(try connection.value("SELECT length(\(hostile))") == 24)
    }

    @Test func `values are numbered in order, also beyond nine`() throws {
        var connection = try TestDatabase().connect()
        let text: String = try connection.value(
            """
            SELECT concat_ws(',', \(1), \(2), \(3), \(4), \(5), \(6), \(7), \(8), \(9), \(10), \(11), \(12))
            """
        )
        #expect(text == "1,2,3,4,5,6,7,8,9,10,11,12")
    }

    @Test func `only compile-time constants become SQL`() throws {
        // `Query(stringLiteral: String)` and `"\(sql: String)"` do not compile: both take a StaticString.
        let literal: (StaticString) -> Query = Query.init(stringLiteral:)
        let columns: StaticString = "1 AS one, 2 AS two"
        var connection = try TestDatabase().connect()
        #expect(try connection.rows(literal("SELECT 7")).value() == 7)
        let row = try #require(try connection.rows("SELECT \(sql: columns), \(3) AS three").first)
        #expect(try row["two"] == 2)
        #expect(try row["three"] == 3)
    }

    @Test func `an interpolated query brings its values, which are renumbered`() throws {
        let none: String? = nil
        let values: Query = "\("a"), \(""), \(none), '$1', \(4), \(5), \(6), \(7), \(8), \(9), \(10), \(11)"
        let constant: Query = "'b'"
        var connection = try TestDatabase().connect()
        let text: String = try connection.value(
            "SELECT concat_ws(',', \(0), \(fragment: values), \(12), \(fragment: constant), \(fragment: values))"
        )
        #expect(text == "0,a,,$1,4,5,6,7,8,9,10,11,12,b,a,,$1,4,5,6,7,8,9,10,11")
    }

    @Test func `the server rejects a text with NUL, and it is not truncated`() throws {
        var connection = try TestDatabase().connect()
        let error = #expect(throws: PostgresError.self) { try connection.rows("SELECT \("a\0b")") }
        #expect(error?.state == SQLState(rawValue: "22021"))
        #expect(error?.kind == .server)
    }

    @Test func `more values than the protocol permits are rejected before anything is sent`() throws {
        var interpolation = Query.StringInterpolation(literalCapacity: 0, interpolationCount: 65_536)
        interpolation.appendLiteral("SELECT ")
        for _ in 0..<65_536 { interpolation.appendInterpolation(1) }
        let query = Query(stringInterpolation: interpolation)
        var connection = try TestDatabase().connect()
        let error = #expect(throws: PostgresError.self) { try connection.rows(query) }
        #expect(error?.state == .programLimitExceeded)
        #expect(try connection.value("SELECT 1") == 1)
    }
}
