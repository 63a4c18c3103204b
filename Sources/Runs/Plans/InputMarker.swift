import Base

/// A value in a step's inputs that stands for another one: an object with `$from` or `$secret` and nothing else.
enum InputMarker: Hashable, Sendable {
    /// A part of an earlier step's outputs.
    case from(String)
    /// A secret of the step's scope.
    case secret(SecretName)

    /// Reads a marker; nil for every other value.
    ///
    /// - Throws: The rules that a marker breaks.
    init?(_ value: JSONValue) throws(Violations) {
        guard value.kind == .object, let key = Self.keys.first(where: { value[$0] != nil }), let member = value[key]
        else { return nil }
        guard value.count == 1 else { throw Violations(.invalidFormat, "must have no member beside \(key)") }
        guard let text = member.string else { throw Violations(.invalidType, "must have a string for \(key)") }
        if key == Self.keys[0] {
            guard Self.isReference(text) else {
                throw Violations(.invalidFormat, "must be a step's name, and the members that lead on, each after a .")
            }
            self = .from(text)
        } else {
            guard let name = SecretName(rawValue: text) else {
                throw Violations(.invalidFormat, "must name a secret with 1 to 128 letters, digits and _")
            }
            self = .secret(name)
        }
    }

    private static var keys: [String] { ["$from", "$secret"] }

    /// What is longer could not be answered fast when a plan is full of it.
    private static func isReference(_ text: String) -> Bool {
        (1...4_096).contains(text.utf8.count)
            && !text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).contains(
                where: \.isEmpty
            )
    }
}
