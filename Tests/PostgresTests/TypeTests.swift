import Base
import Postgres
import Testing

/// Values are sent as parameters and read back as columns; the server confirms their types.
@Suite struct TypeTests {
    @Test(arguments: ["", "a", "ÄÖÜ 日本語 👩‍👩‍👧", "e\u{301}", "\\x00 '\"$1"])
    func `texts are sent and read`(_ text: String) throws {
        var connection = try TestDatabase().connect()
        let row = try #require(try connection.rows("SELECT \(text) AS value, octet_length(\(text)) AS size").first)
        let value: String = try row["value"]
        #expect(Array(value.utf8) == Array(text.utf8))
        #expect(try row["size"] == text.utf8.count)
    }

    @Test func `all text column types are read`() throws {
        var connection = try TestDatabase().connect()
        let rows = try connection.rows(
            """
            SELECT 'a'::varchar AS varchar, 'b'::char(3) AS char, 'c'::name AS name, 'd'::"char" AS byte, 'e' AS unknown
            """
        )
        let row = try #require(rows.first)
        #expect(try row["varchar"] == "a")
        #expect(try row["char"] == "b  ")
        #expect(try row["name"] == "c")
        #expect(try row["byte"] == "d")
        #expect(try row["unknown"] == "e")
    }

    @Test(arguments: [0, 1, -1, .max, .min])
    func `integers are sent and read`(_ number: Int) throws {
        var connection = try TestDatabase().connect()
        let row = try #require(try connection.rows("SELECT \(number) AS value, \(number)::text AS text").first)
        #expect(try row["value"] == number)
        #expect(try row["value"] == Int64(number))
        #expect(try row["text"] == "\(number)")
    }

    @Test func `smaller integer types are read, and overflows are errors`() throws {
        var connection = try TestDatabase().connect()
        let row = try #require(
            try connection.rows(
                "SELECT \(Int16.min) AS small, \(Int32.min) AS medium, \(Int.max) AS large, 7::int2 AS seven"
            ).first
        )
        #expect(try row["small"] == Int16.min)
        #expect(try row["small"] == Int(Int16.min))
        #expect(try row["medium"] == Int32.min)
        #expect(try row["seven"] == Int64(7))
        #expect(throws: PostgresError.self) { try row.get("large", as: Int32.self) }
        #expect(throws: PostgresError.self) { try row.get("medium", as: Int16.self) }
    }

    @Test(arguments: [true, false])
    func `booleans are sent and read`(_ truth: Bool) throws {
        var connection = try TestDatabase().connect()
        #expect(try connection.value("SELECT \(truth)") == truth)
        #expect(try connection.value("SELECT \(truth)::text") == "\(truth)")
    }

    @Test(arguments: [
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "0123abcd-4567-89ef-0123-456789abcdef",
    ])
    func `UUIDs are sent and read`(_ text: String) throws {
        let uuid = try #require(UUID(text))
        var connection = try TestDatabase().connect()
        #expect(try connection.value("SELECT \(uuid)") == uuid)
        #expect(try connection.value("SELECT \(ID<Self>(uuid))") == ID<Self>(uuid))
        #expect(try connection.value("SELECT \(uuid)::text") == text)
    }

    @Test(arguments: [
        "2026-11-22T17:05:56.123456Z", "1970-01-01T00:00:00.000000Z", "2000-01-01T00:00:00.000000Z",
        "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z",
    ])
    func `times are sent and read, whatever the session's settings`(_ text: String) throws {
        let time = try #require(Timestamp(text))
        var connection = try TestDatabase().connect()
        _ = try connection.rows("SET datestyle = 'German'")
        _ = try connection.rows("SET timezone = 'Asia/Kathmandu'")
        #expect(try connection.value("SELECT \(time)") == time)
        let format: String = try connection.value(
            "SELECT to_char(\(time) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        )
        #expect(format == text)
    }

    @Test func `times outside of the supported calendar are errors`() throws {
        var connection = try TestDatabase().connect()
        for query: Query in [
            "SELECT 'infinity'::timestamptz", "SELECT '-infinity'::timestamptz",
            "SELECT '294276-12-31 23:59:59.999999+00'::timestamptz",
        ] {
            let rows = try connection.rows(query)
            #expect(throws: PostgresError.self) { try rows.value(as: Timestamp.self) }
        }
        let error = #expect(throws: PostgresError.self) {
            try connection.rows("SELECT \(Timestamp(microsecondsSince1970: .min))")
        }
        #expect(error?.state == SQLState(rawValue: "22008"))
        let last = Timestamp(microsecondsSince1970: .max)
        #expect(try connection.value("SELECT \(last)") == last)
    }

    @Test func `durations are sent and read`() throws {
        var connection = try TestDatabase().connect()
        let duration = Duration.seconds(90) + .microseconds(5)
        #expect(try connection.value("SELECT \(duration)") == duration)
        #expect(try connection.value("SELECT \(duration)::text") == "00:01:30.000005")
        #expect(try connection.value("SELECT \(Duration.zero - duration)") == .zero - duration)
        let rows = try connection.rows("SELECT interval '1 month'")
        #expect(throws: PostgresError.self) { try rows.value(as: Duration.self) }
    }

    @Test func `JSON and JSONB are sent and read`() throws {
        var connection = try TestDatabase().connect()
        let json = JSONText(trusted: Array(#"{"a": [1, "ü"]}"#.utf8))
        #expect(try connection.value("SELECT \(json)") == json)
        #expect(try connection.value("SELECT \(json) ->> 'a'") == #"[1, "ü"]"#)
        #expect(try connection.value(#"SELECT '{ "b":1 }'::json"#) == JSONText(trusted: Array(#"{ "b":1 }"#.utf8)))
    }

    @Test func `bytes are sent and read`() throws {
        var connection = try TestDatabase().connect()
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(try connection.value("SELECT \(bytes)") == bytes)
        #expect(try connection.value("SELECT \([] as [UInt8])") == [] as [UInt8])
        #expect(try connection.value("SELECT length(\(bytes))") == 256)
    }

    @Test func `arrays are sent and read`() throws {
        var connection = try TestDatabase().connect()
        let texts = ["", "NULL", "a,b", "{\"}", "ü"]
        #expect(try connection.value("SELECT \(texts)") == texts)
        #expect(try connection.value("SELECT \([] as [String])") == [] as [String])
        #expect(try connection.value("SELECT cardinality(\(texts))") == 5)
        #expect(try connection.value("SELECT array['a', 'b']::varchar[]") == ["a", "b"])
        #expect(try connection.value("SELECT \([Int.min, 0, .max])") == [Int.min, 0, .max])
        #expect(try connection.value("SELECT \([true, false])") == [true, false])
        let ids = [UUID.v7(), UUID.v7()]
        #expect(try connection.value("SELECT \(ids)") == ids)
        #expect(try connection.value("SELECT \(ids.map(ID<Self>.init))") == ids.map(ID<Self>.init))
        let times = [Timestamp.now()]
        #expect(try connection.value("SELECT \(times)") == times)
    }

    @Test func `arrays with NULL or several dimensions are errors`() throws {
        var connection = try TestDatabase().connect()
        for query: Query in [
            "SELECT array['a', NULL]", "SELECT array[array['a'], array['b']]", "SELECT array[1, 2]",
        ] {
            let rows = try connection.rows(query)
            let error = #expect(throws: PostgresError.self) { try rows.value(as: [String].self) }
            #expect(error?.kind == .decoding)
        }
    }

    @Test func `NULL is read as nil only`() throws {
        var connection = try TestDatabase().connect()
        #expect(try connection.value("SELECT \(nil as String?)") == nil as String?)
        #expect(try connection.value("SELECT \(nil as Int?)") == nil as Int?)
        #expect(try connection.value("SELECT \(nil as [String]?)") == nil as [String]?)
        #expect(try connection.value("SELECT \("there" as String?)") == "there" as String?)
        #expect(try connection.value("SELECT \("")") == "" as String?)
        #expect(try connection.value("SELECT \(nil as UUID?) IS NULL") == true)
        let rows = try connection.rows("SELECT NULL::text AS missing")
        let error = #expect(throws: PostgresError.self) { try rows.value(as: String.self) }
        #expect(error?.kind == .decoding)
        #expect(error?.debugDescription.contains("missing") == true)
    }

    @Test func `a column of another type is an error that names the column`() throws {
        var connection = try TestDatabase().connect()
        let row = try #require(try connection.rows("SELECT 1 AS number, 'a' AS text").first)
        for read: () throws -> Void in [
            { _ = try row.get("number", as: String.self) }, { _ = try row.get("number", as: UUID.self) },
            { _ = try row.get("number", as: Bool.self) }, { _ = try row.get("number", as: Timestamp.self) },
            { _ = try row.get("number", as: JSONText.self) }, { _ = try row.get("number", as: [UInt8].self) },
            { _ = try row.get("number", as: [String].self) },
        ] {
            let error = #expect(throws: PostgresError.self) { try read() }
            #expect(error?.kind == .decoding)
            #expect(error?.debugDescription.contains("number") == true)
        }
        #expect(throws: PostgresError.self) { try row.get("text", as: Int.self) }
        #expect(throws: PostgresError.self) { try row.get("nowhere", as: Int.self) }
        #expect(throws: PostgresError.self) { try row[2] as Int }
        #expect(throws: PostgresError.self) { try row[-1] as Int }
    }

    private enum Colour: String, PostgresEncodable, PostgresDecodable, PostgresArrayElement { case red, green }

    @Test func `enumerations are sent as their raw values`() throws {
        var connection = try TestDatabase().connect()
        #expect(try connection.value("SELECT \(Colour.green)") == Colour.green)
        #expect(try connection.value("SELECT \([Colour.green, .red])") == [Colour.green, .red])
        let rows = try connection.rows("SELECT 'blue'")
        #expect(throws: PostgresError.self) { try rows.value(as: Colour.self) }
    }
}
