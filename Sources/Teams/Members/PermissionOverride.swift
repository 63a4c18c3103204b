import Base
import Core

/// The permissions that take the place of a role's: each at most once, and none for a member who may do nothing.
struct PermissionOverride: InputValue {
    /// The permissions, in the order in which they are declared.
    let permissions: [Permission]

    static var rule: String { "\([Permission].rule), each at most once" }

    init(input: JSONValue) throws(Violations) {
        permissions = try Permission.distinct(input, in: ListRule(0...Permission.allCases.count))
    }
}
