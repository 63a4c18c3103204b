public import Base
public import Postgres

/// What somebody can be invited to be: everything but the owner.
public enum InvitedRole: String, InputEnumeration, PostgresEncodable {
    case admin, member, viewer
}
