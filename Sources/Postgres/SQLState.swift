/// The five-character code Postgres attaches to every error
/// (PostgreSQL documentation, appendix A, "PostgreSQL Error Codes").
///
/// Codes are compared by value, so new ones need no change here:
///
/// ```swift
/// catch let error as PostgresError where error.state == .uniqueViolation { … }
/// ```
public struct SQLState: RawRepresentable, Hashable, Sendable {
    /// The code as Postgres writes it.
    public let rawValue: String

    /// Names a code.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// A value that must be unique is there already.
    public static var uniqueViolation: Self { Self(rawValue: "23505") }
    /// A row refers to one that is not there.
    public static var foreignKeyViolation: Self { Self(rawValue: "23503") }
    /// A row breaks a `CHECK` rule.
    public static var checkViolation: Self { Self(rawValue: "23514") }
    /// Another transaction changed what this one had read.
    public static var serializationFailure: Self { Self(rawValue: "40001") }
    /// Two transactions waited for each other and this one was chosen to yield.
    public static var deadlockDetected: Self { Self(rawValue: "40P01") }
    /// A lock was not granted within `lock_timeout`, or at once when that was asked for.
    public static var lockNotAvailable: Self { Self(rawValue: "55P03") }
    /// The statement was cancelled, usually by `statement_timeout`.
    public static var queryCanceled: Self { Self(rawValue: "57014") }
    /// An earlier statement of the transaction failed.
    public static var inFailedTransaction: Self { Self(rawValue: "25P02") }
    /// There is no transaction where one is needed.
    public static var noActiveTransaction: Self { Self(rawValue: "25P01") }
    /// A write was tried in a read-only transaction.
    public static var readOnlyTransaction: Self { Self(rawValue: "25006") }
    /// There is no such table.
    public static var undefinedTable: Self { Self(rawValue: "42P01") }
    /// There is no such function.
    public static var undefinedFunction: Self { Self(rawValue: "42883") }
    /// There is no such schema.
    public static var invalidSchemaName: Self { Self(rawValue: "3F000") }
    /// The role may not do this.
    public static var insufficientPrivilege: Self { Self(rawValue: "42501") }
    /// More than the server or the protocol can take.
    public static var programLimitExceeded: Self { Self(rawValue: "54000") }
    /// The statement is of a kind that is not supported here.
    public static var featureNotSupported: Self { Self(rawValue: "0A000") }

    /// Whether the code is about the connection (class 08).
    var isAboutConnection: Bool { rawValue.utf8.starts(with: "08".utf8) }
}
