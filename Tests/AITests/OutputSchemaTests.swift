import Base
import Testing

@testable import AI

@Suite struct OutputSchemaTests {
    private func schema(_ text: String) throws(OutputSchema.Invalid) -> OutputSchema {
        try OutputSchema(name: "answer", text)
    }

    private static let tree = #"""
        {"title": "A tree", "$defs": {"node": {"type": "object", "properties": {
             "name": {"type": "string", "minLength": 1, "maxLength": 3}, "a/b~c": {"const": 1},
             "kind": {"enum": ["leaf", 1.0, null, {"x": [1]}]}, "size": {"type": "integer", "minimum": 0, "maximum": 9},
             "children": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"$ref": "#/$defs/node"}},
             "note": {"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 5}]}},
           "required": ["name"], "additionalProperties": false}},
         "$ref": "#/$defs/node"}
        """#

    @Test(arguments: [
        #"{"name": "abc"}"#, #"{"name": "ab\ud83d\ude00", "size": 9, "note": null}"#, #"{"size": 1.0, "name": "a"}"#,
        #"{"name": "a", "kind": 1, "a/b~c": 1.0}"#, #" {"name": "a", "kind": {"x": [1.0]}, "note": "12345"} "#,
        #"{"name": "a", "children": [{"name": "b", "children": [{"name": "c"}, {"name": "d"}]}]}"#,
    ])
    func `an answer that matches the schema is accepted`(answer: String) throws {
        #expect(try schema(Self.tree).validate(answer) == [])
    }

    @Test(arguments: [
        (#"[]"#, ["the answer must be of type object"]),
        (#"{}"#, ["/name is required"]),
        (#"{"name": ""}"#, ["/name must have at least 1 characters"]),
        (#"{"name": "abcd"}"#, ["/name must have at most 3 characters"]),
        (#"{"name": 5}"#, ["/name must be of type string"]),
        (#"{"name": "a", "kind": "twig"}"#, ["/kind must be one of the listed values"]),
        (#"{"name": "a", "kind": {"x": [1], "y": 1}}"#, ["/kind must be one of the listed values"]),
        (#"{"name": "a", "kind": {"x": []}}"#, ["/kind must be one of the listed values"]),
        (#"{"name": "a", "kind": {"x": [1, 1]}}"#, ["/kind must be one of the listed values"]),
        (#"{"name": "a", "size": 1.5}"#, ["/size must be of type integer"]),
        (#"{"name": "a", "size": -1}"#, ["/size must be at least 0"]),
        (#"{"name": "a", "size": 10}"#, ["/size must be at most 9"]),
        (#"{"name": "a", "a/b~c": 2}"#, ["/a~1b~0c must have the one value that is allowed"]),
        (#"{"name": "a", "note": "123456"}"#, ["/note must fit one of the alternatives"]),
        (#"{"name": "a", "extra": 1}"#, ["/extra must not be there"]),
        (#"{"name": "a", "children": []}"#, ["/children must have at least 1 elements"]),
        (
            #"{"name": "a", "children": [{"name": "b"}, {"name": "c", "size": "x"}, {}]}"#,
            [
                "/children must have at most 2 elements", "/children/1/size must be of type integer",
                "/children/2/name is required",
            ]
        ),
    ])
    func `an answer that violates the schema is reported with the places`(answer: String, violations: [String]) throws {
        #expect(try schema(Self.tree).validate(answer).map(\.description) == violations)
    }

    @Test(arguments: ["", "```json\n{}\n```", "{\"name\": \"a\"} and more", "{\"name\": \"a\", \"name\": \"b\"}"])
    func `an answer with text around the JSON is invalid`(answer: String) throws {
        let violations = try schema(Self.tree).validate(answer)

        #expect(violations.count == 1 && violations.first?.path == "")
    }

    @Test func `the correction request names the places`() throws {
        let violations = try schema(Self.tree).validate(#"{"size": 10}"#)

        #expect(
            SchemaViolation.request(for: violations) == """
                The answer does not have the form that was asked for:
                - /name is required
                - /size must be at most 9
                Answer again with valid JSON only.
                """
        )
    }

    @Test(arguments: [
        (##"{"type": "string", "pattern": "^a"}"##, "#/pattern"),
        (##"{"properties": {"a": {"items": {"format": "date"}}}}"##, "#/properties/a/items/format"),
        (##"{"anyOf": [{}, {"oneOf": []}]}"##, "#/anyOf/1/oneOf"),
        (##"{"$defs": {"a/b": {"allOf": []}}}"##, "#/$defs/a~1b/allOf"),
        (##"{"additionalProperties": {"not": {}}}"##, "#/additionalProperties/not"),
        (##"{"prefixItems": []}"##, "#/prefixItems"), (##"{"exclusiveMinimum": 1}"##, "#/exclusiveMinimum"),
        (##"{"patternProperties": {}}"##, "#/patternProperties"), (##"{"uniqueItems": true}"##, "#/uniqueItems"),
    ])
    func `an unsupported keyword is rejected with its place`(text: String, path: String) {
        #expect(throws: OutputSchema.Invalid(path: path, rule: "is a keyword that is not supported")) {
            try schema(text)
        }
    }

    @Test(arguments: [
        ("[]", "#"), ("true", "#"), ("{", "#"), (##"{"type": "text"}"##, "#/type"), (##"{"type": []}"##, "#/type"),
        (##"{"type": ["string", 5]}"##, "#/type"), (##"{"enum": []}"##, "#/enum"),
        (##"{"required": "a"}"##, "#/required"),
        (##"{"minItems": -1}"##, "#/minItems"), (##"{"maxLength": 1.5}"##, "#/maxLength"),
        (##"{"minimum": "0"}"##, "#/minimum"), (##"{"properties": []}"##, "#/properties"),
        (##"{"items": 5}"##, "#/items"),
        (##"{"anyOf": []}"##, "#/anyOf"), (##"{"$ref": "#/$defs/none"}"##, "#/$ref"),
        (##"{"$ref": "https://a.example/b"}"##, "#/$ref"), (##"{"$ref": "#anchor"}"##, "#/$ref"),
        (##"{"$ref": "#"}"##, "#/$ref"),
        (
            ##"{"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}}"##,
            "#/$defs/a/anyOf/0/$ref"
        ),
    ])
    func `a contradictory or empty schema is rejected with the place`(text: String, path: String) {
        let error = #expect(throws: OutputSchema.Invalid.self) { try schema(text) }

        #expect(error?.path == path)
    }

    @Test(arguments: ["", "a b", "ä", String(repeating: "x", count: 65)])
    func `a name that providers reject is rejected`(name: String) {
        #expect(throws: OutputSchema.Invalid.self) { try OutputSchema(name: name, "{}") }
    }

    @Test func `a recursive schema is accepted if each step descends into the answer`() throws {
        let list = try schema(
            ##"{"type": ["array", "integer"], "items": {"$ref": "#"}, "description": "x", "default": [], "examples": []}"##
        )

        #expect(list.validate("[1, [2, [3]]]") == [])
        #expect(list.validate(#"[1, [2, ["3"]]]"#).map(\.path) == ["/1/1/0"])
    }

    @Test func `validation of multiplying alternatives ends`() throws {
        let twins = ##"{"anyOf": [{"$ref": "#/$defs/n"}, {"$ref": "#/$defs/n"}]}"##
        let hostile = try schema(
            ##"{"$defs": {"n": {"type": "array", "items": \##(twins)}}, "$ref": "#/$defs/n"}"##
        )
        let deep = String(repeating: "[", count: 40) + "1" + String(repeating: "]", count: 40)

        #expect(!hostile.validate(deep).isEmpty)
    }

    @Test func `at most twenty violations are reported`() throws {
        let numbers = try schema(#"{"items": {"type": "string"}}"#)

        #expect(numbers.validate("[\(String(repeating: "1,", count: 99))1]").count == 20)
    }

    private static func list(_ count: Int, _ element: (Int) -> String) -> String {
        (0..<count).map(element).joined(separator: ",")
    }

    @Test func `a long list of values is read once for many elements`() throws {
        let schema = try schema(##"{"type": "array", "items": {"enum": [\##(Self.list(30_000) { "\($0)" })]}}"##)
        let answer = "[\(Self.list(20_000) { "\(29_999 - $0)" })]"

        #expect(schema.validate(answer, by: .after(.seconds(20))) == [])
        #expect(schema.validate("[30000, 29999.0, 1e1]").map(\.path) == ["/0"])
    }

    @Test func `many properties and required names are read once for many objects`() throws {
        let names = Self.list(5_000) { #""p\#($0)""# }
        let members = Self.list(5_000) { #""p\#($0)": {"const": \#($0)}"# }
        let schema = try schema(##"{"items": {"properties": {\##(members)}, "required": [\##(names)]}}"##)
        let object = "{\(Self.list(5_000) { #""p\#($0)": \#($0)"# })}"

        #expect(schema.validate("[\(object), \(object)]", by: .after(.seconds(20))) == [])
    }

    @Test(arguments: [
        ##"{"items": {"anyOf": [\##(list(30_000) { #"{"const": \#($0)}"# })]}}"##,
        ##"{"items": {"anyOf": [\##(list(9_000) { #"{"enum": [\#($0)]}"# })]}}"##,
        ##"{"items": {"required": [\##(list(30_000) { #""a\#($0)""# })]}}"##,
    ])
    func `a check that would take too long ends`(text: String) throws {
        let schema = try schema(text)
        let answer = "[\(Self.list(20_000) { _ in #"{"x":1}"# })]"

        #expect(!schema.validate(answer).isEmpty)
    }

    @Test func `a check ends at its deadline`() throws {
        let schema = try schema(#"{"items": {"type": "integer"}}"#)
        let violations = schema.validate("[\(Self.list(20_000) { "\($0)" })]", by: .after(.zero))

        #expect(violations.map(\.rule) == ["takes too long to check"])
    }
}
