/// The isolation level of a transaction (PostgreSQL documentation, "Transaction Isolation").
public enum Isolation: Hashable, Sendable, CaseIterable {
    /// Each statement sees the data that was committed before the statement started.
    case readCommitted
    /// Every statement sees the data that was committed before the first statement started.
    case repeatableRead
    /// The result is the same as if transactions ran one after another.
    case serializable
}

/// The access mode of a transaction.
public enum AccessMode: Hashable, Sendable, CaseIterable {
    /// The transaction may write. If the response to its commit is lost, the outcome is unknown.
    case readWrite
    /// The transaction may not write. A lost response is only a lost connection or a passed deadline.
    case readOnly
}

extension Isolation {
    /// The statement that begins a transaction.
    ///
    /// It states every mode, so that the session's defaults do not apply.
    func begin(_ access: AccessMode) -> Query {
        switch (self, access) {
        case (.readCommitted, .readWrite): "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
        case (.readCommitted, .readOnly): "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
        case (.repeatableRead, .readWrite): "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"
        case (.repeatableRead, .readOnly): "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        case (.serializable, .readWrite): "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
        case (.serializable, .readOnly): "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
        }
    }
}
