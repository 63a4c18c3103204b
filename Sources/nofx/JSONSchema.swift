import Base

/// The JSON Schema (draft 2020-12) of a value.
struct JSONSchema: JSONEncodable {
    /// Whether the value is sent or received by the caller.
    enum Side {
        /// All rules are stated, and unknown members are refused.
        case input
        /// Only types are stated: stored values may be older than a rule, and members may be added.
        case output
    }

    private let form: ValueForm
    private let shape: ObjectShape
    private let side: Side
    private var help: String?
    private var fallback: String?

    /// Whether a marker may stand for the value and for values inside it.
    private var hasMarkers = false

    init(_ form: ValueForm, _ shape: ObjectShape = ObjectShape(), of side: Side) {
        self.form = form
        self.shape = shape
        self.side = side
    }

    private init(_ field: FieldDescription, of side: Side, hasMarkers: Bool) {
        self.init(field.form, field.shape, of: side)
        help = field.help
        fallback = field.fallback
        self.hasMarkers = hasMarkers
    }

    func encode(to json: inout JSONWriter) {
        json.object { json in
            if let help { json.member("description", help) }
            writeDefault(&json)
            if hasMarkers, form != .any, form != .optional(.any) {
                json.member("anyOf") { json in
                    json.array { json in
                        json.element(JSONSchema.object { write(form, &$0) })
                        json.element(Reference(name: "InputMarker"))
                    }
                }
            } else {
                write(form, &json)
            }
        }
    }

    /// The schema of a value inside this one.
    private func inner(_ form: ValueForm) -> JSONSchema {
        var schema = JSONSchema(form, shape, of: side)
        schema.hasMarkers = hasMarkers
        return schema
    }

    private func writeDefault(_ json: inout JSONWriter) {
        guard let fallback, case .optional(let form) = form else { return }
        switch form {
        case .integer, .number:
            if let number = Int(fallback) { json.member("default", number) }
        case .boolean: json.member("default", fallback == "true")
        case .names(let names) where names.contains(fallback): json.member("default", fallback)
        default: break
        }
    }
}

// MARK: - Values

extension JSONSchema {
    private func write(_ form: ValueForm, isOptional: Bool = false, _ json: inout JSONWriter) {
        switch form {
        case .any: break
        case .boolean: type("boolean", isOptional, &json)
        case .integer(let range):
            type("integer", isOptional, &json)
            if range == Int.min...Int.max { json.member("format", "int64") }
            if side == .input { write(range, &json) }
        case .number(let range):
            type("number", isOptional, &json)
            write(range, &json)
        case .string(let pattern, let format, let length):
            type("string", isOptional, &json)
            if let format { json.member("format", format) }
            if side == .input { write(pattern, atMost: length, &json) }
        case .text(let rule):
            type("string", isOptional, &json)
            if side == .input { write(TextPattern(rule).ofText, atMost: rule.lengths.upperBound, &json) }
        case .path(let rule):
            type("string", isOptional, &json)
            if side == .input { write(TextPattern(rule).ofPath, atMost: rule.lengths.upperBound, &json) }
        case .names(let names):
            type("string", isOptional, &json)
            json.member("enum", names.map(Optional.some) + (isOptional ? [nil] : []))
        case .array(let element, let counts, let isSet):
            type("array", isOptional, &json)
            json.member("items", inner(element))
            if side == .input { write(counts ?? 0...1_000, isSet: isSet, &json) }
        case .map(let values, let names):
            type("object", isOptional, &json)
            if values != .any { json.member("additionalProperties", inner(values)) }
            if side == .input, let names {
                json.member("propertyNames", Self.object { $0.member("pattern", names) })
            }
        case .object, .either:
            guard isOptional else { return writeObject(form, &json) }
            json.member("anyOf") { json in
                json.array { json in
                    json.element(inner(form))
                    json.element(Self.object { $0.member("type", "null") })
                }
            }
        case .optional(let form): write(form, isOptional: true, &json)
        }
    }

    private func writeObject(_ form: ValueForm, _ json: inout JSONWriter) {
        if case .either(let forms) = form {
            // Names are the same on both sides.
            json.member(
                "anyOf",
                forms.map { form in
                    var schema = JSONSchema(form, shape, of: .input)
                    if case .array = form { schema.hasMarkers = hasMarkers }
                    return schema
                }
            )
        } else {
            ObjectSchema(shape, side: side, hasMarkers: hasMarkers).write(&json)
        }
    }

    private func type(_ name: String, _ isOptional: Bool, _ json: inout JSONWriter) {
        if isOptional { json.member("type", [name, "null"]) } else { json.member("type", name) }
    }

    private func write(_ range: ClosedRange<Int>, _ json: inout JSONWriter) {
        json.member("minimum", range.lowerBound)
        json.member("maximum", range.upperBound)
    }

    private func write(_ pattern: String?, atMost length: Int?, _ json: inout JSONWriter) {
        if let length { json.member("maxLength", length) }
        if let pattern { json.member("pattern", pattern) }
    }

    private func write(_ counts: ClosedRange<Int>, isSet: Bool, _ json: inout JSONWriter) {
        if counts.lowerBound > 0 { json.member("minItems", counts.lowerBound) }
        json.member("maxItems", counts.upperBound)
        if isSet { json.member("uniqueItems", true) }
    }
}

// MARK: - Pieces

extension JSONSchema {
    /// A JSON object.
    struct Object: JSONEncodable {
        let members: (inout JSONWriter) -> Void

        func encode(to json: inout JSONWriter) { json.object(members) }
    }

    /// A reference to a component of the document.
    struct Reference: JSONEncodable {
        let name: String

        func encode(to json: inout JSONWriter) {
            json.object { $0.member("$ref", "#/components/schemas/\(name)") }
        }
    }

    static func object(_ members: @escaping (inout JSONWriter) -> Void) -> Object { Object(members: members) }

    static func described(_ form: ValueForm, _ help: String, of side: Side) -> JSONSchema {
        var schema = JSONSchema(form, of: side)
        schema.help = help
        return schema
    }

    static func field(_ field: FieldDescription, of side: Side, hasMarkers: Bool) -> JSONSchema {
        JSONSchema(field, of: side, hasMarkers: hasMarkers)
    }
}
