/// A field of an input: its name, its type, whether it is required, and its purpose.
public struct Field<Value: Sendable>: Sendable {
    /// The name of the member of the JSON object.
    public let name: String

    /// One sentence about the purpose of the field.
    public let help: String

    private let isRequired: Bool
    // A closure, so that a call that does not show the rules does not build their texts.
    private let rule: @Sendable () -> String
    // The type whose fields are inside this field. Its fields are read only when they are shown.
    private let type: (any InputValue.Type)?
    private let value: @Sendable (JSONValue?) throws(Violations) -> Value

    init(
        name: String,
        help: String,
        isRequired: Bool,
        type: (any InputValue.Type)? = nil,
        rule: @escaping @Sendable () -> String,
        value: @escaping @Sendable (JSONValue?) throws(Violations) -> Value
    ) {
        self.name = name
        self.help = help
        self.isRequired = isRequired
        self.rule = rule
        self.type = type
        self.value = value
    }

    /// The description of the field.
    public var description: FieldDescription {
        FieldDescription(
            name: name,
            rule: rule(),
            isRequired: isRequired,
            help: help,
            shape: type?.inputShape ?? ObjectShape()
        )
    }

    /// Reads the field from an object.
    ///
    /// - Throws: Every rule that the field violates, with the field's name.
    func read(_ object: JSONValue) throws(Violations) -> Value {
        do throws(Violations) {
            return try value(object[name])
        } catch {
            throw error.prefixed(with: name)
        }
    }

    /// Every rule that the field of an object violates, with the field's name.
    func violations(in object: JSONValue) -> [Violation] {
        do throws(Violations) {
            _ = try read(object)
            return []
        } catch {
            return error.all
        }
    }
}

extension Field where Value: InputValue {
    /// Creates a required field.
    public init(_ name: String, _ type: Value.Type, _ help: String) {
        self.init(name: name, help: help, isRequired: true, type: type, rule: { Value.rule }) {
            member throws(Violations) in
            guard let member else { throw Violations(.required, "is required") }
            return try Value(input: member)
        }
    }

    /// Creates a field with a default value, which applies if the field is absent or null.
    public static func optional(
        _ name: String,
        _ type: Value.Type,
        default fallback: Value,
        _ help: String
    ) -> Field {
        Field(name: name, help: help, isRequired: false, type: type, rule: { "\(Value.rule), default \(fallback)" }) {
            member throws(Violations) in
            guard let member, !member.isNull else { return fallback }
            return try Value(input: member)
        }
    }
}

extension Field {
    /// Creates a field that is nil if it is absent or null.
    public static func optional<Wrapped: InputValue>(
        _ name: String,
        _ type: Wrapped.Type,
        _ help: String
    ) -> Field where Value == Wrapped? {
        Field(name: name, help: help, isRequired: false, type: type, rule: { Wrapped?.rule }) {
            member throws(Violations) in
            guard let member, !member.isNull else { return nil }
            return try Wrapped(input: member)
        }
    }

    /// Creates a field that changes a value: if it is absent, the value is kept; if it is null, the value is cleared.
    public static func change<Wrapped: InputValue>(
        _ name: String,
        _ type: Wrapped.Type,
        _ help: String
    ) -> Field where Value == Change<Wrapped> {
        Field(name: name, help: help, isRequired: false, type: type, rule: { Wrapped?.rule }) {
            member throws(Violations) in
            guard let member else { return .keep }
            return member.isNull ? .clear : .set(try Wrapped(input: member))
        }
    }

    /// Creates a required field with a limited number of elements.
    public static func list<Element: InputValue>(
        _ name: String,
        of type: Element.Type,
        _ counts: ClosedRange<Int>,
        _ help: String
    ) -> Field where Value == [Element] {
        let list = ListRule(counts)
        return Field(name: name, help: help, isRequired: true, type: type, rule: { "\([Element].rule), \(list)" }) {
            member throws(Violations) in
            guard let member else { throw Violations(.required, "is required") }
            return try list.read(member)
        }
    }
}

extension Field where Value == Int {
    /// Creates a field for a whole number with a default value, which applies if the field is absent or null.
    ///
    /// - Parameters:
    ///   - name: The name of the member of the JSON object.
    ///   - range: The accepted numbers.
    ///   - fallback: The default value.
    ///   - help: One sentence about the purpose of the field.
    /// - Returns: The field.
    public static func integer(
        _ name: String,
        in range: ClosedRange<Int>,
        default fallback: Int,
        _ help: String
    ) -> Field {
        let rule = IntegerRule(range)
        return Field(name: name, help: help, isRequired: false, rule: { "\(rule), default \(fallback)" }) {
            member throws(Violations) in
            guard let member, !member.isNull else { return fallback }
            return try rule.read(member)
        }
    }
}

extension Field where Value == Int? {
    /// Creates a field for a whole number that is nil if it is absent or null.
    ///
    /// - Parameters:
    ///   - name: The name of the member of the JSON object.
    ///   - range: The accepted numbers.
    ///   - help: One sentence about the purpose of the field.
    /// - Returns: The field.
    public static func integer(_ name: String, in range: ClosedRange<Int>, _ help: String) -> Field {
        let rule = IntegerRule(range)
        return Field(name: name, help: help, isRequired: false, rule: { "\(rule) or null" }) {
            member throws(Violations) in
            guard let member, !member.isNull else { return nil }
            return try rule.read(member)
        }
    }
}

extension Field where Value == String? {
    /// Creates a field for a text that is nil if it is absent or null.
    ///
    /// - Parameters:
    ///   - name: The name of the member of the JSON object.
    ///   - rule: The accepted texts.
    ///   - help: One sentence about the purpose of the field.
    /// - Returns: The field.
    public static func text(_ name: String, _ rule: TextRule, _ help: String) -> Field {
        Field(name: name, help: help, isRequired: false, rule: { "\(rule) or null" }) { member throws(Violations) in
            guard let member, !member.isNull else { return nil }
            return try rule.read(member)
        }
    }
}

/// The description of a field of an input or an output.
public struct FieldDescription: Hashable, Sendable, CustomStringConvertible {
    /// The name of the member of the JSON object.
    public let name: String

    /// The format of the field's values.
    public let rule: String

    /// Whether the field is required.
    ///
    /// All fields of an output are.
    public let isRequired: Bool

    /// One sentence about the purpose of the field.
    public let help: String

    /// The fields of the objects that the values are or contain.
    public let shape: ObjectShape

    /// Describes a field that no schema declares.
    public init(name: String, rule: String, isRequired: Bool, help: String, shape: ObjectShape = ObjectShape()) {
        self.name = name
        self.rule = rule
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

    /// The fields of an object under a condition.
    public struct Form: Hashable, Sendable {
        /// The condition, such as `tool wait:until`.
        public let condition: String

        public let fields: [FieldDescription]

        public init(_ condition: String, _ fields: [FieldDescription]) {
            self.condition = condition
            self.fields = fields
        }
    }

    /// Creates a shape.
    ///
    /// Without arguments it is the shape of a value that has no fields.
    public init(fields: [FieldDescription] = [], forms: [Form] = []) {
        self.fields = fields
        self.forms = forms
    }
}
