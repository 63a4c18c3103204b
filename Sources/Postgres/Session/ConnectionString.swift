internal import CPostgres
internal import Glibc

/// A database connection string: a URI (`postgres://user@host/name`) or `key=value` pairs, as libpq accepts them
/// (PostgreSQL documentation, "Connection Strings"), with several hosts, TLS and unix sockets.
///
/// Options that the string omits come from libpq's `PG…` variables, with four exceptions. A user is required. The
/// password file is read only if it is named. The text encoding is always UTF-8. A remote host gets `sslmode=require`
/// as the default, not `prefer`.
public struct ConnectionString: Sendable {
    /// The keyword lists for libpq, one for each host to try.
    let attempts: [KeywordList]

    /// The timeout for one host, in nanoseconds; if nil, the hosts share the time until the deadline.
    let timeoutPerHost: UInt64?

    /// Whether a host is given by name.
    let resolvesNames: Bool

    /// Whether the server is to keep statements that are sent repeatedly.
    var keepsStatements = environment("NOFX_PREPARED_STATEMENTS") == "1"

    /// Parses a connection string.
    ///
    /// - Throws: A ``PostgresError`` of kind ``PostgresError/Kind/configuration``. Its message names the problem
    ///   without repeating any of the text, which may contain a password in an unexpected place.
    public init(_ text: String) throws(PostgresError) {
        var options = try Options(parsing: text)
        guard options["user"] != nil || Self.environment("PGUSER") != nil else {
            throw PostgresError(.configuration, message: "the connection string names no user and PGUSER is not set")
        }
        timeoutPerHost = try options.takeTimeout()
        options.setDefaults(environment: Self.environment)
        resolvesNames = options.namesHosts
        attempts = try options.attempts()
    }

    /// The value of a variable, or nil if it is unset or empty.
    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}

extension ConnectionString: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "[redacted]" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Keywords and values as C strings in one block of memory.
struct KeywordList: Sendable {
    private var bytes: [CChar] = []
    private var count = 0

    mutating func append(_ keyword: String, _ value: String) {
        keyword.withCString { bytes.append(contentsOf: UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
        value.withCString { bytes.append(contentsOf: UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
        count += 1
    }

    /// Passes two null-terminated arrays to `body`.
    func withPointers<Result>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> Result?
    ) -> Result? {
        bytes.withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: 2 * (count + 1)) { pointers in
                pointers.initialize(repeating: nil)
                guard var next = bytes.baseAddress, let keywords = pointers.baseAddress else { return nil }
                for index in 0..<count {
                    pointers[index] = next
                    next += strlen(next) + 1
                    pointers[count + 1 + index] = next
                    next += strlen(next) + 1
                }
                return body(keywords, keywords + count + 1)
            }
        }
    }
}
