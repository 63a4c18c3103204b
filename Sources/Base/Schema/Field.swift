/// One field of an input: its name, its type, whether it must be there, and what it is for.
public struct Field<Value: Sendable>: Sendable {
    /// The member of the JSON object.
    public let name: String

    /// What the field is for, as a sentence.
    public let help: String

    private let isRequired: Bool
    // A closure, so that a call that never shows the rules never spells them out.
    private let rule: @Sendable () -> String
    // The type whose fields are inside this field, asked only when they are shown.
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

    /// The field in words.
    public var description: FieldDescription {
        FieldDescription(
            name: name,
            rule: rule(),
            isRequired: isRequired,
            help: help,
            shape: type?.inputShape ?? ObjectShape()
        )
    }

    /// Reads the field of an object.
    ///
    /// - Throws: Every rule that the field breaks, under its name.
    func read(_ object: JSONValue) throws(Violations) -> Value {
        do throws(Violations) {
            return try value(object[name])
        } catch {
            throw error.prefixed(with: name)
        }
    }

    /// Every rule that the field of an object breaks, under its name.
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
    /// Makes a field that must be there.
    public init(_ name: String, _ type: Value.Type, _ help: String) {
        self.init(name: name, help: help, isRequired: true, type: type, rule: { Value.rule }) {
            member throws(Violations) in
            guard let member else { throw Violations(.required, "is required") }
            return try Value(input: member)
        }
    }

    /// Makes a field that has a value of its own where it is absent or null.
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
    /// Makes a field that is nil where it is absent or null.
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

    /// Makes a field that changes a value: absent keeps it, null empties it.
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

    /// Makes a field that must be there and has a limited number of elements.
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
    /// Makes a whole number that has a value of its own where it is absent or null.
    ///
    /// - Parameters:
    ///   - name: The member of the JSON object.
    ///   - range: The numbers to accept.
    ///   - fallback: The value where there is none.
    ///   - help: What the field is for, as a sentence.
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
    /// Makes a whole number that is nil where it is absent or null.
    ///
    /// - Parameters:
    ///   - name: The member of the JSON object.
    ///   - range: The numbers to accept.
    ///   - help: What the field is for, as a sentence.
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
    /// Makes a text that is nil where it is absent or null.
    ///
    /// - Parameters:
    ///   - name: The member of the JSON object.
    ///   - rule: The texts to accept.
    ///   - help: What the field is for, as a sentence.
    /// - Returns: The field.
    public static func text(_ name: String, _ rule: TextRule, _ help: String) -> Field {
        Field(name: name, help: help, isRequired: false, rule: { "\(rule) or null" }) { member throws(Violations) in
            guard let member, !member.isNull else { return nil }
            return try rule.read(member)
        }
    }
}

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

    /// The field, and all fields inside it, each on a line of its own.
    ///
    /// - Parameter indentation: What the line begins with; the lines inside begin with two spaces more.
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
