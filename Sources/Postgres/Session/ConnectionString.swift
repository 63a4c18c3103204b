internal import CPostgres
internal import Glibc

/// Where a database is and how to get in: a URI (`postgres://user@host/name`) or `key=value` pairs, as libpq
/// takes them (PostgreSQL documentation, "Connection Strings"), with several hosts, TLS and unix sockets.
///
/// What the string leaves open comes from libpq's `PG…` variables, but for four things: there must be a user, the
/// password file is only read when it is named, the text encoding is always UTF-8, and a host other than this machine
/// gets `sslmode=require` in place of `prefer`.
public struct ConnectionString: Sendable {
    /// What goes to libpq, one list for each host to try.
    let attempts: [KeywordList]

    /// How long one host may take, in nanoseconds; nil shares what the deadline leaves.
    let timeoutPerHost: UInt64?

    /// Whether a host is given by name.
    let resolvesNames: Bool

    /// Parses a connection string.
    ///
    /// - Throws: A ``PostgresError`` of kind ``PostgresError/Kind/configuration``. It says what is wrong without
    ///   repeating any of the text, which may hold a password in an unexpected place.
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

    /// A variable's value; nil when it is not set or empty.
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

/// Keywords and values as C wants them, in one piece of memory.
struct KeywordList: Sendable {
    private var bytes: [CChar] = []
    private var count = 0

    mutating func append(_ keyword: String, _ value: String) {
        keyword.withCString { bytes.append(contentsOf: UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
        value.withCString { bytes.append(contentsOf: UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
        count += 1
    }

    /// Lends two arrays that end with null.
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
