import Base

/// Compares a value with a schema that was checked.
struct SchemaValidator {
    /// The most violations that are reported at once.
    private static let limit = 20

    /// What was found, in the order of the answer.
    private(set) var violations: [SchemaViolation] = []

    private let root: JSONValue
    private var steps: Int

    /// Prepares to compare values with a schema and its parts.
    ///
    /// - Parameters:
    ///   - root: The whole schema.
    ///   - steps: How many comparisons to make before giving up.
    init(root: JSONValue, steps: Int) {
        self.root = root
        self.steps = steps
    }

    /// Takes note of every place where a value does not fit.
    mutating func validate(_ value: JSONValue, against schema: JSONValue, at path: String) {
        guard !isExhausted(at: path) else { return }
        if schema.bool == false { report(path, "must not be there") }
        guard schema.kind == .object else { return }
        if let reference = schema["$ref"]?.string, let target = root.target(of: reference) {
            validate(value, against: target, at: path)
        }
        // What has another type breaks all other rules as well.
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
        if let choices = schema["enum"], !choices.elements.contains(where: value.isEqual) {
            report(path, "must be one of the listed values")
        }
        if let constant = schema["const"], !constant.isEqual(to: value) {
            report(path, "must have the one value that is allowed")
        }
        if let alternatives = schema["anyOf"], !fitsAny(value, of: alternatives, at: path) {
            report(path, "must fit one of the alternatives")
        }
    }

    private mutating func fitsAny(_ value: JSONValue, of alternatives: JSONValue, at path: String) -> Bool {
        for alternative in alternatives.elements {
            var attempt = SchemaValidator(root: root, steps: steps)
            attempt.validate(value, against: alternative, at: path)
            steps = attempt.steps
            if attempt.violations.isEmpty { return true }
        }
        return false
    }

    private mutating func checkMembers(of value: JSONValue, against schema: JSONValue, at path: String) {
        for name in schema["required"]?.elements.compactMap(\.string) ?? [] where value[name] == nil {
            report("\(path)/\(name.escapedForPointer)", "is required")
        }
        let properties = schema["properties"]
        let others = schema["additionalProperties"]
        for (name, member) in value.members {
            guard let schema = properties?[name] ?? others else { continue }
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
        for (index, element) in value.elements.enumerated() {
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
        guard violations.count < Self.limit else { return }
        violations.append(SchemaViolation(path: path, rule: rule))
    }

    /// Whether enough was found, or alternatives within alternatives have multiplied beyond reason.
    private mutating func isExhausted(at path: String) -> Bool {
        steps -= 1
        guard steps >= 0 else {
            if violations.isEmpty { report(path, "takes too long to check") }
            return true
        }
        return violations.count >= Self.limit
    }
}

extension JSONValue {
    /// Whether the value is of a type, by JSON Schema's name.
    fileprivate func hasType(_ name: String) -> Bool {
        switch (name, kind) {
        case ("null", .null), ("boolean", .bool), ("object", .object), ("array", .array), ("string", .string),
            ("number", .number):
            true
        case ("integer", .number): isWholeNumber || double.map { $0 == $0.rounded() } ?? false
        default: false
        }
    }

    /// Whether a number is not larger than another; numbers that fit no `Double` are compared with nothing.
    fileprivate func isAtMost(_ other: JSONValue) -> Bool {
        if let left = integer, let right = other.integer { return left <= right }
        guard let left = double, let right = other.double else { return false }
        return left <= right
    }
}
