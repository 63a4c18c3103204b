public import Base
public import Postgres

/// What an API key is good for, and what an action takes: what members may be permitted, and to operate the product.
///
/// To operate is nothing that a team could give: it is no ``Permission``, so that no role and no override knows it.
public enum Scope: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable, PostgresArrayElement {
    case read, write, delete, admin
    case operations = "admin:ops"

    /// The scope that a key needs for what a member is permitted.
    public init(_ permission: Permission) {
        switch permission {
        case .read: self = .read
        case .write: self = .write
        case .delete: self = .delete
        case .admin: self = .admin
        }
    }
}
