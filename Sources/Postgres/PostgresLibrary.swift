internal import CPostgres

/// The linked libpq.
public enum PostgresLibrary {
    /// The version of libpq, such as `15.20`.
    public static var version: String {
        let number = PQlibVersion()
        return "\(number / 10_000).\(number % 10_000)"
    }
}
