import Core
import Postgres

extension Retention {
    /// A kind of record with a retention time, by its name in `nofx.purge`, which has the times.
    enum Kind: String, CaseIterable {
        case idempotencyKeys
        case rateLimits
        case expiredInvites
        case decidedInvites
        case runs
        case runsOfTeams
        case deadJobs
        case teams
        case outbox
        case keys
        case attempts
        case reservations
        case usage
        case keySets
    }

    /// A trail whose retention time an operator sets, by its name in `nofx.purge_trail`.
    enum Trail: String, CaseIterable {
        case activity
        case securityEvents
        case operatorActions
    }
}

extension Retention.Kind {
    /// How many rows one transaction deletes; fewer teams and runs, because each deletes up to hundreds of rows with it.
    func limit(of batch: Retention.BatchSize) -> Int {
        switch self {
        case .teams, .runs, .runsOfTeams: max(batch.count / 10, 1)
        default: batch.count
        }
    }

    /// The kind whose records must be gone first.
    var predecessor: Retention.Kind? { self == .teams ? .runsOfTeams : nil }

    /// The statement that deletes up to `limit` expired rows and skips locked rows; it answers their number.
    func deletion(_ limit: Int) -> Query {
        "SELECT nofx.purge(\(rawValue), \(limit)::integer)"
    }
}
