import Base
import Testing

struct SchemaValueTests {
    enum Unit: String, InputEnumeration, OutputValue {
        case kelvin = "K", celsius = "C"
    }

    enum Thing {}

    @Test(arguments: [
        ("1", Violation.Code.invalidType), ("null", .invalidType), ("[]", .invalidType),
    ])
    func `other JSON types are not strings`(_ json: String, _ code: Violation.Code) throws {
        #expect(try read(String.self, #""é\n""#).get() == "é\n")
        #expect(codes(String.self, json) == [code])
    }

    // Cases: faas 88
    @Test(arguments: [
        (#""1""#, Violation.Code.invalidType), ("1.0", .invalidType), ("1e2", .invalidType), ("true", .invalidType),
        ("9223372036854775808", .outOfRange), ("-9223372036854775809", .outOfRange),
    ])
    func `other types, fractions and larger numbers are not integers`(_ json: String, _ code: Violation.Code) throws {
        #expect(try read(Int.self, "-9223372036854775808").get() == .min)
        #expect(codes(Int.self, json) == [code])
    }

    @Test func `an integer outside of a range is rejected`() throws {
        let rule = IntegerRule(1...5)

        #expect(try rule.read(value("5")) == 5)
        #expect(throws: Violations(.outOfRange, "must be from 1 to 5")) { try rule.read(value("6")) }
        #expect(throws: Violations(.outOfRange, "must be from 1 to 5")) { try rule.read(value("99999999999999999999")) }
        #expect(throws: Violations(.invalidType, "must be a whole number")) { try rule.read(value("1.5")) }
    }

    @Test func `only true and false are booleans`() throws {
        #expect(try read(Bool.self, "true").get())
        #expect(codes(Bool.self, #""true""#) == [.invalidType])
        #expect(codes(Bool.self, "0") == [.invalidType])
    }

    @Test func `only canonical UUIDs are identifiers`() throws {
        let text = "018f2c3d-1111-7222-8333-444455556666"

        #expect(try read(UUID.self, "\"\(text)\"").get().description == text)
        #expect(try read(ID<Thing>.self, "\"\(text)\"").get().description == text)
        #expect(codes(ID<Thing>.self, #""{\#(text)}""#) == [.invalidFormat])
        #expect(codes(UUID.self, "1") == [.invalidType])
    }

    @Test func `only RFC 3339 timestamps are times`() throws {
        let time = try read(Timestamp.self, #""2026-11-22T17:05:56.123456Z""#).get()

        #expect(time.description == "2026-11-22T17:05:56.123456Z")
        #expect(codes(Timestamp.self, #""22.11.2026""#) == [.invalidFormat])
    }

    @Test func `an enumeration is compared byte by byte`() throws {
        #expect(try read(Unit.self, #""K""#).get() == .kelvin)
        #expect(codes(Unit.self, #""k""#) == [.invalidEnum])
        #expect(codes(Unit.self, #""\u212A""#) == [.invalidEnum])
        #expect(codes(Unit.self, "1") == [.invalidType])
    }

    @Test func `an optional accepts null`() throws {
        #expect(try read(Int?.self, "null").get() == nil)
        #expect(try read(Int?.self, "1").get() == 1)
        #expect(codes(Int?.self, #""1""#) == [.invalidType])
    }

    @Test func `an array reports violations with the element's index`() throws {
        #expect(try read([Int].self, "[1, 2]").get() == [1, 2])
        let error = #expect(throws: Violations.self) { try read([[Int]].self, #"[[1], [2, "3"], 4]"#).get() }
        #expect(error?.all.map(\.field) == ["[1][1]", "[2]"])
        #expect(codes([Int].self, "{}") == [.invalidType])
    }

    @Test func `an array has a limited number of elements`() throws {
        let rule = ListRule(1...2)

        #expect(try rule.read(value("[1, 2]")) == [1, 2])
        #expect(throws: Violations(.tooShort, "must have 1 to 2 elements")) { try rule.read(value("[]")) as [Int] }
        #expect(throws: Violations(.tooMany, "must have 1 to 2 elements")) { try rule.read(value("[1,2,3]")) as [Int] }
    }

    @Test func `a JSON value is kept unchanged, unless it is not storable`() throws {
        #expect(try read(JSONText.self, #"{ "a" : 1.0 }"#).get().description == #"{ "a" : 1.0 }"#)
        #expect(codes(JSONText.self, #"{"a": [1e999]}"#) == [.outOfRange])
    }

    @Test func `violations are named by their JSON path`() {
        let inner = Violations(Violation(field: "name", .required, "is required"))

        #expect(inner.prefixed(with: "[2]").prefixed(with: "steps").all.map(\.field) == ["steps[2].name"])
        #expect(Violations(.required, "is required").prefixed(with: "name").all.map(\.field) == ["name"])
    }

    @Test func `an output writes and describes its fields in order`() {
        let reading = Reading(id: UUID(high: 1, low: 2), unit: .celsius, values: [1, 2], note: nil)

        #expect(
            String(decoding: reading.jsonBytes, as: UTF8.self)
                == #"{"id":"00000000-0000-0001-0000-000000000002","unit":"C","values":[1,2],"note":null}"#
        )
        #expect(Reading.fields.map(\.rule) == ["uuid", "one of K, C", "array of integer", "string or null"])
        #expect(Reading.fields[0].description.description == "id: uuid. Which one.")
    }

    struct Reading: OutputObject {
        let id: UUID
        let unit: Unit
        let values: [Int]
        let note: String?

        static var fields: [OutputField<Reading>] {
            [
                OutputField("id", "Which one.") { $0.id },
                OutputField("unit", "What it is counted in.") { $0.unit },
                OutputField("values", "What was read.") { $0.values },
                OutputField("note", "What was noticed.") { $0.note },
            ]
        }
    }

    private func value(_ json: String) throws -> JSONValue {
        try JSONDocument(parsing: Array(json.utf8)).root
    }

    private func read<Value: InputValue>(_ type: Value.Type, _ json: String) throws -> Result<Value, Violations> {
        let value = try value(json)
        return Result { () throws(Violations) in try Value(input: value) }
    }

    private func codes<Value: InputValue>(_ type: Value.Type, _ json: String) -> [Violation.Code] {
        guard case .failure(let error)? = try? read(type, json) else { return [] }
        return error.all.map(\.code)
    }
}
