/// A field of an input: its name, its type, whether it is required, and its purpose.
public struct Field<Value: Sendable>: Sendable {
    /// The name of the member of the JSON object.
    public let name: String

    /// One sentence about the purpose of the field.
    public let help: String

    private let isRequired: Bool
    // A closure, so that a call that does not show the rules does not build their texts.
    private let rule: @Sendable () -> String
    private let form: @Sendable () -> ValueForm
    private let fallback: (@Sendable () -> String)?
    // The type whose fields are inside this field. Its fields are read only when they are shown.
    private let type: (any InputValue.Type)?
    private let value: @Sendable (JSONValue?) throws(Violations) -> Value

    init(
        name: String,
        help: String,
        isRequired: Bool,
        type: (any InputValue.Type)? = nil,
        rule: @escaping @Sendable () -> String,
        form: @escaping @Sendable () -> ValueForm,
        fallback: (@Sendable () -> String)? = nil,
        value: @escaping @Sendable (JSONValue?) throws(Violations) -> Value
    ) {
        self.name = name
        self.help = help
        self.isRequired = isRequired
        self.rule = rule
        self.form = form
        self.fallback = fallback
        self.type = type
        self.value = value
    }

    /// The description of the field.
    public var description: FieldDescription {
        FieldDescription(
            name: name,
            rule: fallback.map { "\(rule()), default \($0())" } ?? rule(),
            form: form(),
            fallback: fallback?(),
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
        self.init(
            name: name,
            help: help,
            isRequired: true,
            type: type,
            rule: { Value.rule },
            form: { Value.form }
        ) { member throws(Violations) in
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
        Field(
            name: name,
            help: help,
            isRequired: false,
            type: type,
            rule: { Value.rule },
            form: { .optional(Value.form) },
            fallback: { "\(fallback)" }
        ) { member throws(Violations) in
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
        Field(
            name: name,
            help: help,
            isRequired: false,
            type: type,
            rule: { Wrapped?.rule },
            form: { Wrapped?.form }
        ) { member throws(Violations) in
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
        Field(
            name: name,
            help: help,
            isRequired: false,
            type: type,
            rule: { Wrapped?.rule },
            form: { Wrapped?.form }
        ) { member throws(Violations) in
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
        return Field(
            name: name,
            help: help,
            isRequired: true,
            type: type,
            rule: { "\([Element].rule), \(list)" },
            form: { list.form(of: Element.form) }
        ) { member throws(Violations) in
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
        return Field(
            name: name,
            help: help,
            isRequired: false,
            rule: { "\(rule)" },
            form: { .optional(rule.form) },
            fallback: { "\(fallback)" }
        ) { member throws(Violations) in
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
        return Field(
            name: name,
            help: help,
            isRequired: false,
            rule: { "\(rule) or null" },
            form: { .optional(rule.form) }
        ) { member throws(Violations) in
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
        Field(
            name: name,
            help: help,
            isRequired: false,
            rule: { "\(rule) or null" },
            form: { .optional(rule.form) }
        ) { member throws(Violations) in
            guard let member, !member.isNull else { return nil }
            return try rule.read(member)
        }
    }
}
