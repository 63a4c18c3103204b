public import Base

/// The name of a database role: 1 to 63 bytes, and none that Postgres keeps for itself.
public struct RoleName: InputValue {
    private static let text = TextRule(1...63)

    let rawValue: String

    public static var rule: String { text.description }
    public static var form: ValueForm { text.form }

    public init(input: JSONValue) throws(Violations) {
        let name = try Self.text.read(input)
        // Postgres would cut off what is longer, and mean another role.
        guard name.utf8.count <= 63 else { throw Violations(.tooLong, "must have at most 63 bytes") }
        let reserved = ["public", "none"]
        guard !name.utf8.starts(with: "pg_".utf8), !reserved.contains(where: { $0.utf8.elementsEqual(name.utf8) })
        else {
            throw Violations(.invalidFormat, "must not be a name that Postgres keeps for itself")
        }
        rawValue = name
    }
}
