import Base
import Testing

struct SchemaTests {
    @Test func `an input with valid fields is decoded`() throws {
        let job = try Job(#"{"name": " Nightly ", "priority": "high", "steps": [{"name": "a"}, {"name": "b"}]}"#)

        #expect(job.name.text == "Nightly")
        #expect(job.priority == .high)
        #expect(job.limit.value == 20)
        #expect(job.note == .keep)
        #expect(job.steps.map(\.name.text) == ["a", "b"])
    }

    @Test func `null clears a value, and an absent field keeps it`() throws {
        #expect(try Job(#"{"name": "n", "steps": [], "note": null}"#).note == .clear)
        #expect(try Job(#"{"name": "n", "steps": [], "note": "x"}"#).note == .set("x"))
        #expect(try Job(#"{"name": "n", "steps": []}"#).note == .keep)
    }

    @Test func `null means absent for an optional field`() throws {
        let job = try Job(#"{"name": "n", "steps": [], "priority": null, "limit": null}"#)

        #expect(job.priority == nil)
        #expect(job.limit.value == 20)
    }

    @Test func `null has the wrong type for a required field`() {
        #expect(violations(#"{"name": null, "steps": []}"#) == ["name invalid_type"])
    }

    @Test func `all violations are reported at once, ordered by field`() {
        let input = #"{"steps": [{"name": "a"}, {}, {"name": 7, "x": 1}], "zoom": 1, "limit": 2.5, "priority": "High"}"#

        #expect(
            violations(input) == [
                "limit invalid_type", "name required", "priority invalid_enum", "steps[1].name required",
                "steps[2].name invalid_type", "steps[2].x unknown_field", "zoom unknown_field",
            ]
        )
    }

    @Test(arguments: ["[]", "null", #""{}""#, "1", "true"])
    func `an input that is not an object is rejected as a whole`(_ input: String) {
        #expect(violations(input) == [" invalid_type"])
    }

    @Test func `a rule about several fields is checked if all fields are valid`() {
        #expect(violations(#"{"name": "n", "steps": [], "limit": 13}"#) == ["limit out_of_range"])
        #expect(violations(#"{"steps": [], "limit": 13}"#) == ["name required"])
    }

    @Test func `no more than twenty violations are reported`() {
        let unknown = (10..<60).map { "\"x\($0)\": 1" }.joined(separator: ", ")
        let steps = [String](repeating: "{}", count: 30).joined(separator: ", ")

        #expect(violations("{\(unknown)}").count == 20)
        #expect(violations("{\"name\": \"n\", \"steps\": [\(steps)]}").count == 20)
    }

    @Test func `an escaped key names the same field`() throws {
        #expect(try Job(#"{"n\u0061me": "n", "steps": []}"#).name.text == "n")
    }

    @Test func `a canonically equivalent key is unknown`() {
        // U+1E9B U+0323 and its canonical equivalents are equal strings in Swift, but different keys in JSON.
        #expect(violations(#"{"name": "n", "steps": [], "\u212A": 1}"#) == ["\u{212A} unknown_field"])
    }

    @Test func `the details of violations contain nothing of the input`() {
        let secret = "hunter2"
        let input = #"{"name": {"S": "S"}, "steps": "S", "limit": "S", "priority": "S", "note": ["S"]}"#
            .split(separator: "S", omittingEmptySubsequences: false).joined(separator: secret)

        let found = caught(input)

        #expect(found.count == 5)
        #expect(found.allSatisfy { !$0.detail.contains(secret) && !$0.field.contains(secret) })
    }

    @Test func `the name of an unknown field is truncated`() {
        let name = String(repeating: "x", count: 1_000)

        #expect(caught(#"{"name": "n", "steps": [], "\#(name)": 1}"#).map(\.field.utf8.count) == [64])
    }

    @Test func `a schema describes its fields in order`() {
        let fields = Job.schema.fields

        #expect(fields.map(\.name) == ["name", "priority", "limit", "note", "steps"])
        #expect(fields.map(\.isRequired) == [true, false, false, false, true])
        #expect(
            fields.map(\.rule) == [
                "string, 1 to 8 characters", "one of low, high or null", "integer, 1 to 100, default 20",
                "string or null", "array of object, at most 50 elements",
            ]
        )
        #expect(fields[0].description == "name: string, 1 to 8 characters. What the job is called.")
    }

    @Test func `the description of a field includes nested fields`() {
        let steps = Job.schema.fields[4]

        #expect(steps.shape.fields == Step.schema.fields)
        #expect(Job.schema.fields[0].shape == ObjectShape())
        #expect(steps.lines(indentation: "  ") == ["  \(steps)"] + Step.schema.fields.map { "    \($0)" })
    }

    @Test func `empty input is an empty object`() throws {
        _ = try NoInput(input: JSONDocument(parsing: Array("{}".utf8)).root)
        #expect(throws: Violations(Violation(field: "a", .unknownField, "is not a field of this input"))) {
            try NoInput(input: JSONDocument(parsing: Array(#"{"a": 1}"#.utf8)).root)
        }
    }
}

// MARK: - An input

extension SchemaTests {
    struct Job: InputObject {
        let name: Name
        let priority: Priority?
        let limit: Limit
        let note: Change<String>
        let steps: [Step]

        static var schema: Schema<Job> {
            Schema(
                Field("name", Name.self, "What the job is called."),
                .optional("priority", Priority.self, "How soon it runs."),
                .optional("limit", Limit.self, default: Limit(20), "How often it is tried."),
                .change("note", String.self, "What people should know."),
                .list("steps", of: Step.self, 0...50, "What it does."),
                into: { name, priority, limit, note, steps throws(Violations) in
                    guard limit.value != 13 else {
                        throw Violations(Violation(field: "limit", .outOfRange, "must not be unlucky"))
                    }
                    return Job(name: name, priority: priority, limit: limit, note: note, steps: steps)
                }
            )
        }
    }

    struct Step: InputObject {
        let name: Name

        static var schema: Schema<Step> {
            Schema(Field("name", Name.self, "What the step is called."), into: Step.init)
        }
    }

    enum Priority: String, InputEnumeration {
        case low, high
    }

    struct Name: InputValue, Equatable {
        static let rules = TextRule(1...8)
        static var rule: String { "\(rules)" }
        static var form: ValueForm { rules.form }

        let text: String

        init(input: JSONValue) throws(Violations) {
            text = try Self.rules.read(input)
        }
    }

    struct Limit: InputValue, Equatable, CustomStringConvertible {
        static let rules = IntegerRule(1...100)
        static var rule: String { "\(rules)" }
        static var form: ValueForm { rules.form }

        let value: Int

        init(_ value: Int) {
            self.value = value
        }

        init(input: JSONValue) throws(Violations) {
            value = try Self.rules.read(input)
        }

        var description: String { "\(value)" }
    }

    private func violations(_ input: String) -> [String] {
        caught(input).map { "\($0.field) \($0.code.rawValue)" }
    }

    private func caught(_ input: String) -> [Violation] {
        do {
            _ = try Job(input)
        } catch let error as Violations {
            return error.all
        } catch {
            Issue.record(error)
        }
        return []
    }
}

extension SchemaTests.Job {
    fileprivate init(_ json: String) throws {
        self = try Self(input: JSONDocument(parsing: Array(json.utf8)).root)
    }
}
