/// How much of other transactions' work a transaction may see
/// (PostgreSQL documentation, "Transaction Isolation").
public enum Isolation: Hashable, Sendable, CaseIterable {
    /// Each statement sees what was committed when it started.
    case readCommitted
    /// Every statement sees what was committed when the first one started.
    case repeatableRead
    /// As if transactions ran one after another.
    case serializable
}

/// Whether a transaction may write.
public enum AccessMode: Hashable, Sendable, CaseIterable {
    /// It may, so losing the answer to its commit leaves the outcome unknown.
    case readWrite
    /// It may not, so a lost answer is a lost connection or a passed deadline and nothing more.
    case readOnly
}

extension Isolation {
    /// The statement that begins a transaction; the text says all, so that no default has a say.
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
