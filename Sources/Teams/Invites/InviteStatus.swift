public import Base
public import Postgres

/// What has become of an invite.
///
/// A pending one becomes one of the others once and for all. One past its time counts as expired, whatever its row says.
public enum InviteStatus: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable {
    case pending, accepted, cancelled, expired
}
