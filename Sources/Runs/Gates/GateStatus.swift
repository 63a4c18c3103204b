public import Base
public import Postgres

/// What has become of a gate.
///
/// A pending one becomes one of the others, and pending again only when its step is retried. One past its time counts as
/// expired, whatever its row says.
public enum GateStatus: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable,
    CustomStringConvertible
{
    case pending, approved, rejected, waived, expired, cancelled

    public var description: String { rawValue }
}
