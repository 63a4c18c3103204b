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
