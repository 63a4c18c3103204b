import Base

/// Validates a value against a schema that ``SchemaCheck`` has accepted.
struct SchemaValidator {
    /// The most violations that are reported at once.
    private static let mostViolations = 20

    /// The violations found, in the order of the answer.
    private(set) var violations: [SchemaViolation] = []

    private var lookups: SchemaLookups
    private var limit: WorkLimit

    /// Makes a validator.
    ///
    /// - Parameters:
    ///   - root: The whole schema.
    ///   - limit: How many comparisons to make before giving up, and when.
    init(root: JSONValue, _ limit: WorkLimit) {
        lookups = SchemaLookups(root: root)
        self.limit = limit
    }

    /// Collects the violations of a value.
    mutating func validate(_ value: JSONValue, against schema: JSONValue, at path: String) {
        guard !isExhausted(at: path) else { return }
        if schema.bool == false { report(path, "must not be there") }
        guard schema.kind == .object else { return }
        if let reference = schema["$ref"]?.string, let target = lookups.target(of: reference, &limit) {
            validate(value, against: target, at: path)
        }
        // A value of another type would break all other rules too.
        guard checkType(of: value, against: schema, at: path) else { return }
        checkChoices(of: value, against: schema, at: path)
        switch value.kind {
        case .object: checkMembers(of: value, against: schema, at: path)
        case .array: checkElements(of: value, against: schema, at: path)
        case .string: checkLength(of: value, against: schema, at: path)
        case .number: checkSize(of: value, against: schema, at: path)
        case .null, .bool: break
        }
    }
}

extension SchemaValidator {
    private mutating func checkType(of value: JSONValue, against schema: JSONValue, at path: String) -> Bool {
        guard let type = schema["type"] else { return true }
        let names = type.kind == .array ? type.elements.compactMap(\.string) : [type.string ?? ""]
        guard !names.contains(where: value.hasType) else { return true }
        report(path, "must be of type \(names.joined(separator: " or "))")
        return false
    }

    private mutating func checkChoices(of value: JSONValue, against schema: JSONValue, at path: String) {
        if let choices = schema["enum"], !lookups.contains(value, in: choices, &limit) {
            report(path, "must be one of the listed values")
        }
        if let constant = schema["const"], !lookups.isEqual(value, to: constant, &limit) {
            report(path, "must have the one value that is allowed")
        }
        if let alternatives = schema["anyOf"], !fitsAny(value, of: alternatives, at: path) {
            report(path, "must fit one of the alternatives")
        }
    }

    private mutating func fitsAny(_ value: JSONValue, of alternatives: JSONValue, at path: String) -> Bool {
        let found = violations
        defer { violations = found }
        for alternative in alternatives.elements where limit.take() {
            violations = []
            validate(value, against: alternative, at: path)
            if violations.isEmpty { return true }
        }
        return false
    }

    private mutating func checkMembers(of value: JSONValue, against schema: JSONValue, at path: String) {
        if let required = schema["required"], limit.take(required.count + value.count) {
            let names = Set(value.members.map(\.key))
            for name in required.elements.compactMap(\.string) where !names.contains(name) {
                report("\(path)/\(name.escapedForPointer)", "is required")
            }
        }
        let properties = schema["properties"]
        let others = schema["additionalProperties"]
        for (name, member) in value.members where limit.take() {
            let property = properties.flatMap { lookups.member(name, of: $0, &limit) }
            guard let schema = property ?? others else { continue }
            validate(member, against: schema, at: "\(path)/\(name.escapedForPointer)")
        }
    }

    private mutating func checkElements(of value: JSONValue, against schema: JSONValue, at path: String) {
        if let least = schema["minItems"]?.integer, value.count < least {
            report(path, "must have at least \(least) elements")
        }
        if let most = schema["maxItems"]?.integer, value.count > most {
            report(path, "must have at most \(most) elements")
        }
        guard let items = schema["items"] else { return }
        for (index, element) in value.elements.enumerated() where limit.take() {
            validate(element, against: items, at: "\(path)/\(index)")
        }
    }

    private mutating func checkLength(of value: JSONValue, against schema: JSONValue, at path: String) {
        let limits = (schema["minLength"]?.integer, schema["maxLength"]?.integer)
        guard limits != (nil, nil), let length = value.string?.unicodeScalars.count else { return }
        if let least = limits.0, length < least { report(path, "must have at least \(least) characters") }
        if let most = limits.1, length > most { report(path, "must have at most \(most) characters") }
    }

    private mutating func checkSize(of value: JSONValue, against schema: JSONValue, at path: String) {
        if let least = schema["minimum"], !least.isAtMost(value) { report(path, "must be at least \(least.text)") }
        if let most = schema["maximum"], !value.isAtMost(most) { report(path, "must be at most \(most.text)") }
    }

    private mutating func report(_ path: String, _ rule: String) {
        guard violations.count < Self.mostViolations else { return }
        violations.append(SchemaViolation(path: path, rule: rule))
    }

    /// Whether there are enough violations, or nested alternatives have used up all steps.
    private mutating func isExhausted(at path: String) -> Bool {
        guard limit.take() else {
            if violations.isEmpty { report(path, "takes too long to check") }
            return true
        }
        return violations.count >= Self.mostViolations
    }
}

extension JSONValue {
    /// Whether the value has a type, by its JSON Schema name.
    fileprivate func hasType(_ name: String) -> Bool {
        switch (name, kind) {
        case ("null", .null), ("boolean", .bool), ("object", .object), ("array", .array), ("string", .string),
            ("number", .number):
            true
        case ("integer", .number): isWholeNumber || double.map { $0 == $0.rounded() } ?? false
        default: false
        }
    }

    /// Whether a number is at most another.
    ///
    /// Numbers outside of `Double` compare as false.
    fileprivate func isAtMost(_ other: JSONValue) -> Bool {
        if let left = integer, let right = other.integer { return left <= right }
        guard let left = double, let right = other.double else { return false }
        return left <= right
    }
}

/// Checks that a schema contains only supported keywords.
struct SchemaCheck {
    private static let types: Set<String> = ["null", "boolean", "object", "array", "number", "string", "integer"]

    private let root: JSONValue

    /// The references that were followed to their end; below, those being followed now.
    private var followed: Set<String> = []
    private var following: Set<String> = []

    init(_ root: JSONValue) {
        self.root = root
    }

    /// Checks the whole schema.
    mutating func run() throws(OutputSchema.Invalid) {
        guard root.kind == .object else { throw Self.invalid("#", "must be an object") }
        try check(root, at: "#")
    }

    private mutating func check(_ schema: JSONValue, at path: String) throws(OutputSchema.Invalid) {
        if schema.kind == .bool { return }
        guard schema.kind == .object else { throw Self.invalid(path, "must be an object, true or false") }
        for (keyword, value) in schema.members {
            try check(keyword, value, at: "\(path)/\(keyword.escapedForPointer)")
        }
    }

    private mutating func check(
        _ keyword: String,
        _ value: JSONValue,
        at path: String
    ) throws(OutputSchema.Invalid) {
        switch keyword {
        case "title", "description", "default", "examples", "$schema", "$comment", "const":
            break
        case "type":
            let names = value.kind == .array ? value.elements.map(\.string) : [value.string]
            guard !names.isEmpty, names.allSatisfy({ $0.map(Self.types.contains) ?? false }) else {
                throw Self.invalid(path, "must be one of \(Self.types.sorted().joined(separator: ", ")), or several")
            }
        case "enum":
            guard value.kind == .array, value.count > 0 else { throw Self.invalid(path, "must list values") }
        case "required":
            guard value.kind == .array, value.elements.allSatisfy({ $0.kind == .string }) else {
                throw Self.invalid(path, "must list names")
            }
        case "minItems", "maxItems", "minLength", "maxLength":
            guard let count = value.integer, count >= 0 else { throw Self.invalid(path, "must be a count") }
        case "minimum", "maximum":
            guard value.double != nil else { throw Self.invalid(path, "must be a number") }
        case "properties", "$defs", "definitions":
            guard value.kind == .object else { throw Self.invalid(path, "must be an object") }
            for (name, schema) in value.members { try check(schema, at: "\(path)/\(name.escapedForPointer)") }
        case "items", "additionalProperties":
            try check(value, at: path)
        case "anyOf":
            guard value.kind == .array, value.count > 0 else { throw Self.invalid(path, "must list schemas") }
            for (index, schema) in value.elements.enumerated() { try check(schema, at: "\(path)/\(index)") }
        case "$ref":
            try follow(value, at: path)
        default:
            throw Self.invalid(path, "is a keyword that is not supported")
        }
    }

    /// Follows a chain of references that do not descend into the answer, and rejects a cycle.
    private mutating func follow(_ reference: JSONValue, at path: String) throws(OutputSchema.Invalid) {
        if let pointer = reference.string, followed.contains(pointer) { return }
        guard let pointer = reference.string, let target = root.target(of: pointer) else {
            throw Self.invalid(path, "must point into the schema, as in #/$defs/name")
        }
        guard following.insert(pointer).inserted else { throw Self.invalid(path, "leads back to itself") }
        try followAll(in: target, at: path)
        following.remove(pointer)
        followed.insert(pointer)
    }

    private mutating func followAll(in schema: JSONValue, at path: String) throws(OutputSchema.Invalid) {
        if let reference = schema["$ref"] { try follow(reference, at: path) }
        if let alternatives = schema["anyOf"] {
            for alternative in alternatives.elements { try followAll(in: alternative, at: path) }
        }
    }

    private static func invalid(_ path: String, _ rule: String) -> OutputSchema.Invalid {
        OutputSchema.Invalid(path: path, rule: rule)
    }
}

/// A place at which an answer does not match the schema.
public struct SchemaViolation: Sendable, Hashable, CustomStringConvertible {
    /// The place as a JSON Pointer (RFC 6901), such as `/items/2/name`; empty for the whole answer.
    public let path: String

    /// The rule that the value breaks, phrased to follow the path.
    ///
    /// It never repeats the value.
    public let rule: String

    public var description: String { path.isEmpty ? "the answer \(rule)" : "\(path) \(rule)" }

    /// The message that asks the model to correct its answer.
    public static func request(for violations: [SchemaViolation]) -> String {
        let lines = violations.map { "- \($0)" }.joined(separator: "\n")
        return "The answer does not have the form that was asked for:\n\(lines)\nAnswer again with valid JSON only."
    }
}

extension JSONValue {
    /// The object or boolean that a reference such as `#/$defs/name` points to in this value; nil if there is none.
    func target(of reference: String) -> JSONValue? {
        guard let names = Self.names(in: reference) else { return nil }
        var value = self
        for name in names {
            guard let next = value[name] else { return nil }
            value = next
        }
        return value.kind == .object || value.kind == .bool ? value : nil
    }

    /// The names of the members that a reference such as `#/$defs/name` leads through; nil if it is none.
    static func names(in reference: String) -> [String]? {
        guard reference.utf8.first == UInt8(ascii: "#") else { return nil }
        let tokens = reference.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard tokens.first?.isEmpty ?? true else { return nil }
        return tokens.dropFirst().map { String($0).unescapedFromPointer }
    }
}

extension String {
    /// The name as a token of a JSON Pointer (RFC 6901, section 3).
    var escapedForPointer: String {
        utf8.contains { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }
            ? replacing(text: "~", by: "~0").replacing(text: "/", by: "~1") : self
    }

    /// The name that a token of a JSON Pointer stands for.
    fileprivate var unescapedFromPointer: String {
        replacing(text: "~1", by: "/").replacing(text: "~0", by: "~")
    }
}
