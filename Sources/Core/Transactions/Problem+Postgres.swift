public import Base
public import Postgres

extension Problem {
    /// What a caller is told when the database did not do as asked.
    ///
    /// Only what the caller can act on is distinguished; the rest is internal.
    public init(_ error: PostgresError) {
        switch error.kind {
        case .connection, .timeout:
            self = .unavailable
        case .commitOutcomeUnknown:
            self.init(
                503,
                "outcome_unknown",
                "The connection broke while the change was being made: look whether it was, before you repeat it.",
                retryAfter: 1
            )
        case .configuration:
            self = .misconfigured
        case .decoding:
            self = .internal
        case .server:
            self = error.state.map(Problem.init(state:)) ?? .internal
        }
    }

    private static let unavailable = Problem(
        503,
        "unavailable",
        "The database does not answer at the moment.",
        retryAfter: 1
    )

    private init(state: SQLState) {
        switch state.rawValue {
        case "NX001":
            self.init(401, "invalid_token", "The account is disabled.")
        case "NX002":
            self.init(503, "database_incompatible", "The database is newer than this program understands.")
        case "NX003", "3F000", "42P01", "42883":
            self.init(503, "database_not_migrated", "The database has not been migrated to what this program needs.")
        case "55P03":
            self.init(503, "busy", "Somebody else is changing this at the moment.", retryAfter: 1)
        case "57014":
            self.init(503, "timeout", "The database took too long.", retryAfter: 1)
        case "40001", "40P01":
            self.init(503, "busy", "Too many changes at once.", retryAfter: 1)
        case "42501":
            self = .misconfigured
        case let code where ["08", "53", "57"].contains(code.prefix(2)):
            self = .unavailable
        case let code where code == "23514" || ["22", "54"].contains(code.prefix(2)):
            // Whatever checked the input should have seen it; it is the input's fault all the same.
            self.init(422, "validation_failed", "The input has a value that cannot be stored.")
        default:
            self = .internal
        }
    }
}
