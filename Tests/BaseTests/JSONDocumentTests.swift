import Base
import Testing

struct JSONDocumentTests {
    @Test func `every kind of value is read`() throws {
        let root = try read(#" {"a": null, "b": true, "c": false, "d": 12, "e": "é", "f": [1, [2]], "g": {"h": {}}} "#)

        #expect(root.kind == .object)
        #expect(root.count == 7)
        #expect(root.members.map(\.key) == ["a", "b", "c", "d", "e", "f", "g"])
        #expect(root["a"]?.isNull == true)
        #expect(root["b"]?.bool == true)
        #expect(root["c"]?.bool == false)
        #expect(root["d"]?.integer == 12)
        #expect(root["e"]?.string == "é")
        #expect(root["f"]?.elements.map(\.count) == [0, 1])
        #expect(root["g"]?["h"]?.kind == .object)
        #expect(root["h"] == nil)
    }

    @Test func `a value has no value of another kind`() throws {
        for value in try read(#"[null, true, 1, "1", ["1"], {"1": 1}]"#).elements {
            #expect(value.isNull == (value.kind == .null))
            #expect((value.bool != nil) == (value.kind == .bool))
            #expect((value.integer != nil) == (value.kind == .number))
            #expect((value.double != nil) == (value.kind == .number))
            #expect((value.string != nil) == (value.kind == .string))
            #expect(value.elements.contains { _ in true } == (value.kind == .array))
            #expect(value.members.contains { _ in true } == (value.kind == .object))
            #expect((value["1"] != nil) == (value.kind == .object))
        }
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("7", 7), ("-10", -10),
        ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
    ])
    func `integers are read exactly`(_ text: String, _ value: Int) throws {
        #expect(try read(text).integer == value)
    }

    @Test(arguments: ["1.0", "1e2", "0.5", "9223372036854775808", "-9223372036854775809", "1e999"])
    func `a fraction and an integer that overflows have no integer value`(_ text: String) throws {
        #expect(try read(text).integer == nil)
    }

    @Test(arguments: [
        ("1.5", 1.5), ("-0.0", -0.0), ("1E2", 100), ("1e-2", 0.01), ("123", 123), ("1e-999", 0),
        ("1.7976931348623157e308", Double.greatestFiniteMagnitude),
    ])
    func `numbers are the nearest double`(_ text: String, _ value: Double) throws {
        #expect(try read(text).double?.bitPattern == value.bitPattern)
    }

    @Test(arguments: ["1e309", "-1e309", "1e999", "1e99999999999999999999"])
    func `an infinite number is valid but has no value`(_ text: String) throws {
        #expect(try read(text).kind == .number)
        #expect(try read(text).double == nil)
    }

    @Test(arguments: ["1e308", "1e-400", "5e-324", "0.1", "1E+10", "-12", #""1e999""#, "0e0"])
    func `ordinary numbers are storable`(_ text: String) throws {
        #expect(try read("[\(text)]").hasOnlyStorableNumbers)
    }

    @Test(arguments: [
        "1e309", "1e-401", "1e400000", "1e-9999", "0e99999999999999999999", "0e-20000", "1e-9223372036854775808",
    ])
    func `numbers that Postgres rejects or expands are not storable`(_ text: String) throws {
        #expect(try read(#"[0, {"a": [\#(text)]}]"#).elements.map(\.hasOnlyStorableNumbers) == [true, false])
    }

    @Test func `at most 400 digits after the point are storable`() throws {
        #expect(try read("0." + String(repeating: "1", count: 400)).hasOnlyStorableNumbers)
        #expect(try !read("0." + String(repeating: "1", count: 401)).hasOnlyStorableNumbers)
    }

    @Test func `escape sequences are resolved when a string is read`() throws {
        let text = #""\"\\\/\b\f\n\r\tA\u0041\u00e9\u20AC\ud83d\uDE00é€😀\uFFFF\u007f""#

        #expect(try read(text).string == "\"\\/\u{8}\u{C}\n\r\tAA\u{E9}€😀é€😀\u{FFFF}\u{7F}")
    }

    @Test func `a value returns its original bytes`() throws {
        let root = try read(#"{ "a" : [ 1.50, "\u0041" ] , "b":"x" }"#)

        #expect(root["a"]?.text.description == #"[ 1.50, "\u0041" ]"#)
        #expect(root["a"]?.elements.map(\.text.description) == ["1.50", #""\u0041""#])
        #expect(root["b"]?.text.description == #""x""#)
        #expect(root.text.description == #"{ "a" : [ 1.50, "\u0041" ] , "b":"x" }"#)
    }

    @Test func `keys are compared by characters, not by canonical equivalence`() throws {
        let root = try read(#"{"\u00e9": 1, "e\u0301": 2, "\u0061b": 3}"#)

        #expect(root["\u{E9}"]?.integer == 1)
        #expect(root["e\u{301}"]?.integer == 2)
        #expect(root["ab"]?.integer == 3)
        #expect(root["a"] == nil)
        #expect(root["abc"] == nil)
    }

    @Test func `values stay valid after their document is released`() throws {
        let elements = try Array(read(#"["a", ["b"]]"#).elements)

        #expect(elements[0].string == "a")
        #expect(elements[1].elements.map(\.string) == ["b"])
    }

    private func read(_ text: String) throws -> JSONValue {
        try JSONDocument(parsing: Array(text.utf8)).root
    }
}
