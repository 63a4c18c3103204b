/// What went wrong in the database.
///
/// ``description`` is safe to show: it holds no value, no host and no server message.
/// ``debugDescription`` tells all but the password, and is for logs only.
public struct PostgresError: Error, Sendable {
    /// What a caller can do about an error.
    public enum Kind: Hashable, Sendable {
        /// The server refused a statement; nothing of its transaction was kept.
        case server
        /// No connection could be made, or it was lost before anything could be committed.
        case connection
        /// The deadline passed before anything could be committed.
        case timeout
        /// The connection or the deadline was lost while a commit was under way: it may have happened or not.
        case commitOutcomeUnknown
        /// The connection string cannot be used.
        case configuration
        /// A result is not what the code expected: no such column, another type, an unexpected NULL.
        case decoding
    }

    /// What a caller can do about it.
    public let kind: Kind

    /// The server's code, when the server said something.
    public let state: SQLState?

    /// The violated constraint, when there is one.
    public let constraint: String?

    /// What the server says could be done about it, which never repeats a value.
    public let hint: String?

    /// The server's or the client library's words, for logs only.
    let message: String

    /// The text of the statement that failed, without its values.
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

    /// Whether the same transaction, done again from its start, may succeed: a serialization failure (40001)
    /// or a deadlock (40P01), after which nothing of it was kept.
    public var isConflict: Bool {
        kind == .server && (state == .serializationFailure || state == .deadlockDetected)
    }

    /// Whether the same work may succeed a little later.
    ///
    /// A commit whose outcome is unknown is not transient: repeating it could apply it twice.
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
