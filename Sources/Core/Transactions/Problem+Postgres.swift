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
                "The connection broke while the change was being made: look whether it was, before you repeat it."
            )
        case .configuration:
            self = .misconfigured
        case .decoding:
            self = .internal
        case .server:
            switch error.state {
            case .rateExceeded: self = .rateLimited(retryAfter: error.hint.flatMap(Int.init) ?? 1)
            case let state?: self.init(state: state)
            case nil: self = .internal
            }
        }
    }

    private static let unavailable = Problem(
        503,
        "unavailable",
        "The database does not answer at the moment.",
        retryAfter: 1
    )

    private init(state: SQLState) {
        switch state {
        case .userDisabled:
            self.init(401, "invalid_token", "The account is disabled.")
        case .userIsAnother:
            self.init(401, "invalid_token", "The token is not valid.")
        case .schemaTooNew:
            self.init(503, "database_incompatible", "The database is newer than this program understands.")
        case .schemaTooOld, .invalidSchemaName, .undefinedTable, .undefinedFunction:
            self.init(503, "database_not_migrated", "The database has not been migrated to what this program needs.")
        case .insufficientPrivilege:
            self = .misconfigured
        case .callInFlight:
            self = .callInFlight
        case .lockNotAvailable:
            self.init(503, "busy", "Somebody else is changing this at the moment.", retryAfter: 1)
        case .serializationFailure, .deadlockDetected:
            self.init(503, "busy", "Too many changes at once.", retryAfter: 1)
        case .queryCanceled:
            self.init(503, "timeout", "The database took too long.", retryAfter: 1)
        case .checkViolation:
            self = .unstorable
        default:
            self.init(stateClass: state.rawValue.prefix(2))
        }
    }

    static let callInFlight = Problem(
        409,
        "idempotency_in_flight",
        "A call with this idempotency key is under way.",
        retryAfter: 1
    )

    private static func rateLimited(retryAfter seconds: Int) -> Problem {
        Problem(429, "rate_limited", "There were too many calls.", retryAfter: seconds)
    }

    private init(stateClass: Substring) {
        switch stateClass {
        case "08", "53", "57": self = .unavailable
        case "22", "54": self = .unstorable
        default: self = .internal
        }
    }

    /// Whatever checked the input should have seen it; it is the input's fault all the same.
    private static var unstorable: Problem {
        Problem(422, "validation_failed", "The input has a value that cannot be stored.")
    }
}

/// The codes of the functions in the schema.
extension SQLState {
    static var callRepeated: SQLState { SQLState(rawValue: "NX005") }
    static var rateExceeded: SQLState { SQLState(rawValue: "NX007") }
    fileprivate static var callInFlight: SQLState { SQLState(rawValue: "NX006") }
    fileprivate static var userDisabled: SQLState { SQLState(rawValue: "NX001") }
    fileprivate static var schemaTooNew: SQLState { SQLState(rawValue: "NX002") }
    fileprivate static var schemaTooOld: SQLState { SQLState(rawValue: "NX003") }
    fileprivate static var userIsAnother: SQLState { SQLState(rawValue: "NX004") }
}
