public import Base
public import Postgres

/// A member's place in a team.
///
/// What it permits is decided by `nofx.permissions`, where every statement can ask.
public enum Role: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable {
    case owner, admin, member, viewer
}
