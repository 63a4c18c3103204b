/// A field of an input or an output, in words.
public struct FieldDescription: Hashable, Sendable, CustomStringConvertible {
    /// The member of the JSON object.
    public let name: String

    /// What its values look like.
    public let rule: String

    /// Whether the field must be there, as all fields of an output are.
    public let isRequired: Bool

    /// What the field is for, as a sentence.
    public let help: String

    /// The fields of the objects that the values are, or contain.
    public let shape: ObjectShape

    public var description: String {
        "\(name): \(rule)\(isRequired ? "" : ", optional"). \(help)"
    }

    /// The field, and all fields inside it, each on a line of its own.
    ///
    /// - Parameter indentation: What the line begins with; the lines inside begin with two spaces more.
    public func lines(indentation: String) -> [String] {
        let inner = indentation + "  "
        let forms = shape.forms.flatMap { form in
            ["\(inner)\(form.condition):"]
                + (form.fields.isEmpty
                    ? ["\(inner)  (none)"] : form.fields.flatMap { $0.lines(indentation: inner + "  ") })
        }
        return ["\(indentation)\(self)"] + shape.fields.flatMap { $0.lines(indentation: inner) } + forms
    }
}

/// The fields of an object, where it is known which it has.
public struct ObjectShape: Hashable, Sendable {
    /// The fields of an object that has the same ones always.
    public let fields: [FieldDescription]

    /// The fields of an object that has different ones depending on another value.
    public let forms: [Form]

    /// The fields that an object has under a condition.
    public struct Form: Hashable, Sendable {
        /// The condition, such as `tool wait:until`.
        public let condition: String

        /// The fields.
        public let fields: [FieldDescription]

        /// Makes a form from its condition and its fields.
        public init(_ condition: String, _ fields: [FieldDescription]) {
            self.condition = condition
            self.fields = fields
        }
    }

    /// Makes a shape; without fields, that of a value that is no object with fields of its own.
    public init(fields: [FieldDescription] = [], forms: [Form] = []) {
        self.fields = fields
        self.forms = forms
    }
}
