/// The description of a field of an input or an output.
public struct FieldDescription: Hashable, Sendable, CustomStringConvertible {
    /// The name of the member of the JSON object.
    public let name: String

    /// The format of the field's values.
    public let rule: String

    /// The same in the terms of JSON Schema.
    public let form: ValueForm

    /// The default value as text; nil if there is none.
    public let fallback: String?

    /// Whether the field is required.
    ///
    /// All fields of an output are.
    public let isRequired: Bool

    /// One sentence about the purpose of the field.
    public let help: String

    /// The fields of the objects that the values are or contain.
    public let shape: ObjectShape

    /// Describes a field that no schema declares.
    public init(
        name: String,
        rule: String,
        form: ValueForm,
        fallback: String? = nil,
        isRequired: Bool,
        help: String,
        shape: ObjectShape = ObjectShape()
    ) {
        self.name = name
        self.rule = rule
        self.form = form
        self.fallback = fallback
        self.isRequired = isRequired
        self.help = help
        self.shape = shape
    }

    public var description: String {
        "\(name): \(rule)\(isRequired ? "" : ", optional"). \(help)"
    }

    /// The description of the field and of all fields inside it, one on each line.
    ///
    /// - Parameter indentation: The prefix of the line. The lines of inner fields are indented by two more spaces.
    /// - Returns: The lines, without line feeds.
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

/// The fields of an object, if they are known.
public struct ObjectShape: Hashable, Sendable {
    /// The fields of an object that always has the same fields.
    public let fields: [FieldDescription]

    /// The fields of an object whose fields depend on another value.
    public let forms: [Form]

    /// The rule about which optional fields must be present.
    public let choice: FieldChoice?

    /// Whether the object may have other members.
    public let isOpen: Bool

    /// The fields of an object under a condition.
    public struct Form: Hashable, Sendable {
        /// The condition, such as `tool wait:until`.
        public let condition: String

        /// The member beside the object that the condition is about.
        public let field: String

        /// The values of that member.
        public let values: ValueForm

        public let shape: ObjectShape

        /// Whether markers may stand for values in the object.
        public let hasMarkers: Bool

        public var fields: [FieldDescription] { shape.fields }

        public init(
            _ condition: String,
            where field: String,
            is values: ValueForm,
            _ shape: ObjectShape,
            hasMarkers: Bool
        ) {
            self.condition = condition
            self.field = field
            self.values = values
            self.shape = shape
            self.hasMarkers = hasMarkers
        }
    }

    /// Creates a shape.
    ///
    /// Without arguments it is the shape of a value that has no fields.
    public init(
        fields: [FieldDescription] = [],
        forms: [Form] = [],
        choice: FieldChoice? = nil,
        isOpen: Bool = false
    ) {
        self.fields = fields
        self.forms = forms
        self.choice = choice
        self.isOpen = isOpen
    }
}
