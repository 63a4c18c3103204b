/// The five-character code of a Postgres error (PostgreSQL documentation, appendix A, "PostgreSQL Error Codes").
///
/// Codes compare by value, so a code without a name below also works:
///
/// ```swift
/// catch let error as PostgresError where error.state == .uniqueViolation { … }
/// ```
public struct SQLState: RawRepresentable, Hashable, Sendable {
    /// The code as Postgres writes it.
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// A value that must be unique already exists.
    public static var uniqueViolation: Self { Self(rawValue: "23505") }
    /// A row refers to a row that does not exist.
    public static var foreignKeyViolation: Self { Self(rawValue: "23503") }
    /// A row violates a `CHECK` constraint.
    public static var checkViolation: Self { Self(rawValue: "23514") }
    /// Another transaction changed data that this transaction had read.
    public static var serializationFailure: Self { Self(rawValue: "40001") }
    /// Two transactions waited for each other, and the server cancelled this one.
    public static var deadlockDetected: Self { Self(rawValue: "40P01") }
    /// The lock was not granted within `lock_timeout`, or not at once with `NOWAIT`.
    public static var lockNotAvailable: Self { Self(rawValue: "55P03") }
    /// The statement was cancelled, usually by `statement_timeout`.
    public static var queryCanceled: Self { Self(rawValue: "57014") }
    /// An earlier statement of the transaction failed.
    public static var inFailedTransaction: Self { Self(rawValue: "25P02") }
    /// No transaction is active where one is required.
    public static var noActiveTransaction: Self { Self(rawValue: "25P01") }
    /// A read-only transaction tried to write.
    public static var readOnlyTransaction: Self { Self(rawValue: "25006") }
    /// The table does not exist.
    public static var undefinedTable: Self { Self(rawValue: "42P01") }
    /// The function does not exist.
    public static var undefinedFunction: Self { Self(rawValue: "42883") }
    /// The schema does not exist.
    public static var invalidSchemaName: Self { Self(rawValue: "3F000") }
    /// The role lacks the required privilege.
    public static var insufficientPrivilege: Self { Self(rawValue: "42501") }
    /// The request exceeds a limit of the server or the protocol.
    public static var programLimitExceeded: Self { Self(rawValue: "54000") }
    /// The server does not support this kind of statement.
    public static var featureNotSupported: Self { Self(rawValue: "0A000") }

    /// Whether the code reports a connection error (class 08).
    var isAboutConnection: Bool { rawValue.utf8.starts(with: "08".utf8) }
}
