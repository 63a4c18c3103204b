public import Base
public import Postgres

/// What a member may do with a team.
public enum Permission: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable,
    PostgresArrayElement
{
    case read, write, delete, admin
}

/// A member's place in a team.
///
/// `nofx.permissions` decides what a role permits, so that every statement can ask it.
public enum Role: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable {
    case owner, admin, member, viewer
}

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
