internal import CPostgres

/// The client library that is linked in.
public enum PostgresLibrary {
    /// libpq's version, such as `15.20`.
    public static var version: String {
        let number = PQlibVersion()
        return "\(number / 10_000).\(number % 10_000)"
    }
}
