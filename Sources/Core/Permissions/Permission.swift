public import Base
public import Postgres

/// What a member may do with a team.
public enum Permission: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable,
    PostgresArrayElement
{
    case read, write, delete, admin
}
