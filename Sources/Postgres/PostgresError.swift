/// A database error.
///
/// ``description`` is safe to show: it contains no value, no host and no message from the server. ``debugDescription``
/// contains everything except the password and is only for logs.
public struct PostgresError: Error, Sendable {
    /// The class of an error, which decides how a caller can react.
    public enum Kind: Hashable, Sendable {
        /// The server rejected a statement, and the transaction was rolled back.
        case server
        /// The connection failed, or it was lost before a commit could happen.
        case connection
        /// The deadline passed before a commit could happen.
        case timeout
        /// The connection was lost or the deadline passed during a commit. The transaction may or may not have
        /// committed.
        case commitOutcomeUnknown
        /// The connection string is invalid.
        case configuration
        /// A result does not match the code: a column is missing, has another type, or is NULL unexpectedly.
        case decoding
    }

    /// The class of the error.
    public let kind: Kind

    /// The server's error code, if the server reported the error.
    public let state: SQLState?

    /// The violated constraint, if there is one.
    public let constraint: String?

    /// The server's hint, which never contains a value from a row.
    public let hint: String?

    /// The message of the server or of libpq, for logs only.
    let message: String

    /// The text of the failed statement, without its values.
    let statement: String?

    init(
        _ kind: Kind,
        state: SQLState? = nil,
        constraint: String? = nil,
        hint: String? = nil,
        message: String,
        statement: String? = nil
    ) {
        self.kind = kind
        self.state = state
        self.constraint = constraint
        self.hint = hint
        self.message = message
        self.statement = statement
    }

    /// Whether the same transaction may succeed when it is retried from its start: a serialization failure (40001) or a
    /// deadlock (40P01), both of which roll the transaction back.
    public var isConflict: Bool {
        kind == .server && (state == .serializationFailure || state == .deadlockDetected)
    }

    /// Whether the same work may succeed a little later.
    ///
    /// A commit with an unknown outcome is not transient, because a retry could apply the transaction twice.
    public var isTransient: Bool { isConflict || kind == .connection || kind == .timeout }

    /// Whether the statement did not complete in time, for its size or for locks.
    public var isTimeout: Bool {
        switch kind {
        case .timeout, .commitOutcomeUnknown: true
        case .connection, .configuration, .decoding: false
        case .server: state == .queryCanceled || ["40", "55"].contains { state?.rawValue.hasPrefix($0) == true }
        }
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        switch kind {
        case .server:
            "database error" + (state.map { " \($0.rawValue)" } ?? "") + (constraint.map { " on \($0)" } ?? "")
        case .connection: "database connection failed"
        case .timeout: "database deadline passed"
        case .commitOutcomeUnknown: "database commit outcome unknown"
        case .configuration: "database configuration invalid"
        case .decoding: "database result unexpected"
        }
    }

    public var debugDescription: String {
        var text = description
        if kind != .server, let state { text += " \(state.rawValue)" }
        text += ": \(message)"
        if let statement { text += " [\(statement)]" }
        return text
    }
}
