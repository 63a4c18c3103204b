import Base

/// Looks through a schema for what cannot be checked.
struct SchemaCheck {
    private static let types: Set<String> = ["null", "boolean", "object", "array", "number", "string", "integer"]

    private let root: JSONValue

    /// References that were followed to their end, and those that are being followed.
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

    /// Follows a reference, and those that lead on without looking at a smaller part of the answer: they must end.
    private mutating func follow(_ reference: JSONValue, at path: String) throws(OutputSchema.Invalid) {
        guard let pointer = reference.string, let target = root.target(of: pointer) else {
            throw Self.invalid(path, "must point into the schema, as in #/$defs/name")
        }
        guard !followed.contains(pointer) else { return }
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
