public import Base

/// The form that a model's answer is to have, in JSON Schema.
///
/// Providers check the form in part or not at all, so the answer is checked here as well. Only keywords that can be
/// checked are accepted: `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`,
/// `minItems`, `maxItems`, `minLength`, `maxLength`, `minimum`, `maximum`, `anyOf`, `$defs` and a `$ref` that points
/// into the schema itself; and those that only explain.
public struct OutputSchema: Sendable {
    /// A schema that cannot be used.
    public struct Invalid: Error, Hashable, CustomStringConvertible {
        /// Where in the schema, as in `#/properties/name`.
        public let path: String

        /// What is wrong there, such as a keyword that cannot be checked.
        public let rule: String

        public var description: String { "\(path) \(rule)" }
    }

    /// What the form is called.
    public let name: String

    /// The JSON Schema.
    public let text: JSONText

    private let document: JSONDocument

    /// Takes a schema that can be checked.
    ///
    /// - Parameters:
    ///   - name: What the form is called: at most 64 letters, digits, `_` and `-`.
    ///   - text: The JSON Schema.
    /// - Throws: ``Invalid``, which names the place and the keyword.
    public init(name: String, _ text: String) throws(Invalid) {
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameCharacter) else {
            throw Invalid(path: "name", rule: "must have 1 to 64 letters, digits, _ and -")
        }
        do throws(JSONSyntaxError) {
            document = try JSONDocument(parsing: Array(text.utf8), limits: .answer)
        } catch {
            throw Invalid(path: "#", rule: "is no JSON: \(error)")
        }
        self.name = name
        self.text = document.root.text
        var check = SchemaCheck(document.root)
        try check.run()
    }

    /// Checks an answer.
    ///
    /// - Parameters:
    ///   - answer: The text of the answer, which should be one JSON value and nothing else.
    ///   - deadline: When the check gives up, whatever the schema and the answer are.
    /// - Returns: Where it has not the form, up to 20 places; empty if it has.
    public func validate(_ answer: String, by deadline: Deadline = .distantFuture) -> [SchemaViolation] {
        do throws(JSONSyntaxError) {
            let value = try JSONDocument(parsing: Array(answer.utf8), limits: .answer).root
            // Each value takes two bytes and a few comparisons; what takes far more has alternatives that multiply. Each
            // part of the schema is read once.
            let steps = 10_000 + 16 * answer.utf8.count + text.bytes.count
            var validator = SchemaValidator(root: document.root, WorkLimit(steps: steps, deadline: deadline))
            validator.validate(value, against: document.root, at: "")
            return validator.violations
        } catch {
            return [SchemaViolation(path: "", rule: "must be JSON and nothing else, but \(error)")]
        }
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension OutputSchema: Hashable {
    public static func == (left: OutputSchema, right: OutputSchema) -> Bool {
        left.name == right.name && left.text == right.text
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(text)
    }
}
