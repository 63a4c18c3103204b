public import Base
public import Postgres

extension Problem {
    /// The answer to a caller for a database error.
    ///
    /// Only what the caller can act on is distinguished; the rest is internal.
    public init(_ error: PostgresError) {
        switch error.kind {
        case .connection, .timeout:
            self = .unavailable
        case .commitOutcomeUnknown:
            self.init(
                status: 503,
                code: "outcome_unknown",
                detail:
                    "The connection broke while the change was being made: look whether it was, before you repeat it."
            )
        case .configuration:
            self = .misconfigured
        case .decoding:
            self = .internal
        case .server:
            switch error.state {
            case .noPlace: self = .tooManyWaiting(retryAfter: error.hint.flatMap(Int.init) ?? 1)
            case .rateExceeded: self = .rateLimited(retryAfter: error.hint.flatMap(Int.init) ?? 1)
            case let state?: self.init(state: state)
            case nil: self = .internal
            }
        }
    }

    private static let unavailable = Problem(
        status: 503,
        code: "unavailable",
        detail: "The database is not available.",
        retryAfter: 1
    )

    private init(state: SQLState) {
        switch state {
        case .userDisabled:
            self.init(status: 401, code: "invalid_token", detail: "The account is disabled.")
        case .userIsAnother:
            self.init(status: 401, code: "invalid_token", detail: "The token is not valid.")
        case .schemaTooNew:
            self.init(
                status: 503,
                code: "database_incompatible",
                detail: "The database is newer than this program understands."
            )
        case .schemaTooOld, .invalidSchemaName, .undefinedTable, .undefinedFunction:
            self.init(
                status: 503,
                code: "database_not_migrated",
                detail: "The database has not been migrated to what this program needs."
            )
        case .insufficientPrivilege:
            self = .misconfigured
        case .callInFlight:
            self = .callInFlight
        case .lockNotAvailable:
            self.init(
                status: 503,
                code: "busy",
                detail: "Another call is changing this data. Try again.",
                retryAfter: 1
            )
        case .serializationFailure, .deadlockDetected:
            self.init(status: 503, code: "busy", detail: "Too many changes at once.", retryAfter: 1)
        case .queryCanceled:
            self.init(status: 503, code: "timeout", detail: "The database took too long.", retryAfter: 1)
        case .checkViolation:
            self = .unstorable
        default:
            self.init(stateClass: state.rawValue.prefix(2))
        }
    }

    static let callInFlight = Problem(
        status: 409,
        code: "idempotency_in_flight",
        detail: "A call with this idempotency key is under way.",
        retryAfter: 1
    )

    private static func rateLimited(retryAfter seconds: Int) -> Problem {
        Problem(status: 429, code: "rate_limited", detail: "There were too many calls.", retryAfter: seconds)
    }

    private static func tooManyWaiting(retryAfter seconds: Int) -> Problem {
        Problem(
            status: 429,
            code: "too_many_waiting",
            detail: "Too many calls of the user wait already. Call without waitSeconds, or later.",
            retryAfter: seconds
        )
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
        Problem(status: 422, code: "validation_failed", detail: "The input has a value that cannot be stored.")
    }
}

/// The codes of the functions in the schema.
extension SQLState {
    static var callRepeated: SQLState { SQLState(rawValue: "NX005") }
    static var rateExceeded: SQLState { SQLState(rawValue: "NX007") }
    fileprivate static var noPlace: SQLState { SQLState(rawValue: "NX008") }
    fileprivate static var callInFlight: SQLState { SQLState(rawValue: "NX006") }
    fileprivate static var userDisabled: SQLState { SQLState(rawValue: "NX001") }
    fileprivate static var schemaTooNew: SQLState { SQLState(rawValue: "NX002") }
    fileprivate static var schemaTooOld: SQLState { SQLState(rawValue: "NX003") }
    fileprivate static var userIsAnother: SQLState { SQLState(rawValue: "NX004") }
}
