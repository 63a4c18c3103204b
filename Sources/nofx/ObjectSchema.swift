import Base

/// The members of the JSON Schema of an object.
struct ObjectSchema {
    private let shape: ObjectShape
    private let side: JSONSchema.Side
    private let hasMarkers: Bool

    init(_ shape: ObjectShape, side: JSONSchema.Side, hasMarkers: Bool) {
        self.shape = shape
        self.side = side
        self.hasMarkers = hasMarkers
    }

    func write(_ json: inout JSONWriter) {
        let conditional = shape.fields.first { !$0.shape.forms.isEmpty }
        switch (conditional, side) {
        case (let field?, .input):
            // One schema for each form, which generators of clients and of tests understand better than conditions.
            json.member("oneOf", field.shape.forms.map { form in JSONSchema.object { write(field, form, &$0) } })
        case (let field?, .output):
            writeFields(&json)
            json.member(
                "allOf",
                field.shape.forms.map { form in JSONSchema.object { writeCondition(field, form, &$0) } }
            )
        case (nil, _):
            writeFields(&json)
            if let choice = shape.choice { json.member("allOf", [JSONSchema.object { Self.write(choice, &$0) }]) }
        }
    }

    private func writeFields(_ json: inout JSONWriter) {
        write({ _ in nil }, required: shape.fields.filter(\.isRequired).map(\.name), &json)
    }

    /// Writes the fields.
    ///
    /// - Parameters:
    ///   - replacement: The schema of a field in place of its own.
    ///   - required: The names of the required fields.
    ///   - json: The writer.
    private func write(
        _ replacement: (FieldDescription) -> (any JSONEncodable)?,
        required: [String],
        _ json: inout JSONWriter
    ) {
        json.member("type", "object")
        if !shape.fields.isEmpty {
            json.member("properties") { json in
                json.object { json in
                    for field in shape.fields {
                        if let replacement = replacement(field) {
                            json.member(field.name, replacement)
                        } else {
                            json.member(field.name, JSONSchema.field(field, of: side, hasMarkers: hasMarkers))
                        }
                    }
                }
            }
        }
        if !required.isEmpty { json.member("required", required) }
        if side == .input, !shape.isOpen { json.member("additionalProperties", false) }
    }
}

// MARK: - Forms

extension ObjectSchema {
    /// Writes the object with one form of a field.
    private func write(_ field: FieldDescription, _ form: ObjectShape.Form, _ json: inout JSONWriter) {
        let inner = ObjectSchema(form.shape, side: side, hasMarkers: form.hasMarkers)
        let needsValue = form.fields.contains(where: \.isRequired) || form.shape.choice != nil
        let content = JSONSchema.Object { json in
            guard !needsValue else {
                json.member("description", field.help)
                return inner.write(&json)
            }
            json.member("description", field.help)
            json.member("anyOf") { json in
                json.array { json in
                    json.element(JSONSchema.object(inner.write))
                    json.element(JSONSchema.object { $0.member("type", "null") })
                }
            }
        }
        let names = shape.fields.filter { $0.isRequired || needsValue && $0.name == field.name }.map(\.name)
        write(
            { other in
                if other.name == field.name { return content }
                guard other.name == form.field else { return nil }
                return JSONSchema.described(form.values, other.help, of: side)
            },
            required: names,
            &json
        )
    }

    /// Writes that a field has a form if another field has the form's values.
    private func writeCondition(_ field: FieldDescription, _ form: ObjectShape.Form, _ json: inout JSONWriter) {
        let condition = JSONSchema.object { $0.member(form.field, JSONSchema(form.values, of: .input)) }
        json.member("if", JSONSchema.object { $0.member("properties", condition) })
        let inner = ObjectSchema(form.shape, side: side, hasMarkers: false)
        let content = JSONSchema.object { json in
            json.member("anyOf") { json in
                json.array { json in
                    json.element(JSONSchema.object(inner.write))
                    json.element(JSONSchema.object { $0.member("type", "null") })
                }
            }
        }
        json.member(
            "then",
            JSONSchema.object { $0.member("properties", JSONSchema.object { $0.member(field.name, content) }) }
        )
    }
}

// MARK: - Choices

extension ObjectSchema {
    private static func write(_ choice: FieldChoice, _ json: inout JSONWriter) {
        let isNull = JSONSchema.object { $0.member("type", "null") }
        let isPresent = JSONSchema.object { $0.member("not", isNull) }
        switch choice {
        case .exactlyOne(let names):
            let cases = names.map { name in
                object(requiring: name) { json in
                    for other in names { json.member(other, other == name ? isPresent : isNull) }
                }
            }
            json.member("anyOf", cases)
        case .atLeastOne(let names, let other):
            let cases = names.map { name in object(requiring: name) { $0.member(name, isPresent) } }
            json.member("anyOf", cases + [object(requiring: other) { _ in }])
        case .field(let name, let flag):
            let isFalse = JSONSchema.object { $0.member("enum") { $0.raw("[false,null]".utf8) } }
            let isTrue = JSONSchema.object { $0.member("const", true) }
            let cases = [
                object(requiring: name) { json in
                    json.member(name, isPresent)
                    json.member(flag, isFalse)
                },
                object(requiring: flag) { json in
                    json.member(name, isNull)
                    json.member(flag, isTrue)
                },
            ]
            json.member("anyOf", cases)
        }
    }

    private static func object(
        requiring name: String,
        _ properties: @escaping (inout JSONWriter) -> Void
    ) -> JSONSchema.Object {
        JSONSchema.object { json in
            json.member("required", [name])
            json.member("properties", JSONSchema.object(properties))
        }
    }
}
