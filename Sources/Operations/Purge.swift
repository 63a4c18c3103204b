public import Base
public import Core
import Postgres

/// Deletes records whose retention time is over.
public enum Retention {
    /// The batch size.
    public struct Request: InputObject {
        let batch: BatchSize

        public static let schema = Schema(
            .optional("batch", BatchSize.self, default: .standard, "How many rows a transaction deletes at most."),
            into: Request.init
        )
    }

    /// How many rows one transaction deletes at most: 1 to 10,000.
    public struct BatchSize: InputValue, CustomStringConvertible {
        private static let range = IntegerRule(1...10_000)

        let count: Int

        static let standard = BatchSize(count: 1_000)

        private init(count: Int) {
            self.count = count
        }

        public static var rule: String { range.description }
        public static var form: ValueForm { range.form }

        public init(input: JSONValue) throws(Violations) {
            count = try Self.range.read(input)
        }

        public var description: String { "\(count)" }
    }

    /// The number of deleted records.
    public struct Report: OutputObject {
        fileprivate(set) var counts: [Kind: Int] = [:]
        fileprivate(set) var trails: [Trail: Int] = [:]
        fileprivate(set) var hasMore = false

        private static func field(_ name: String, _ help: String, _ kinds: Kind...) -> OutputField<Report> {
            OutputField(name, help) { report in kinds.reduce(0) { $0 + report.counts[$1, default: 0] } }
        }

        private static func field(_ name: String, _ help: String, _ trail: Trail) -> OutputField<Report> {
            OutputField(name, help) { $0.trails[trail, default: 0] }
        }

        public static let fields: [OutputField<Report>] = [
            field("idempotencyKeys", "Deleted idempotency keys.", .idempotencyKeys),
            field("rateLimits", "Deleted rate-limit counters that were full again.", .rateLimits),
            field("invitesExpired", "Pending invites that were marked expired.", .expiredInvites),
            field("invites", "Deleted invites.", .decidedInvites),
            field("runs", "Deleted runs, with their steps and artifacts.", .runs, .runsOfTeams),
            field("deadJobs", "Deleted dead letters that belong to no run.", .deadJobs),
            field("teams", "Teams that were deleted permanently.", .teams),
            field("outbox", "Deleted outbox messages, delivered or dead-lettered.", .outbox),
            field("apiKeys", "Deleted API keys, revoked or expired.", .keys),
            field("aiAttempts", "Deleted records of AI attempts; the daily totals stay.", .attempts),
            field("aiReservations", "Deleted budget reservations that had expired.", .reservations),
            field("aiUsage", "Deleted daily totals of AI usage.", .usage),
            field("keySets", "Deleted key sets of issuers that are no longer asked.", .keySets),
            field("activity", "Deleted records of activity.", .activity),
            field("securityEvents", "Deleted records of denied attempts.", .securityEvents),
            field("operatorActions", "Deleted records of what operators did.", .operatorActions),
            OutputField("more", "Whether the deadline came before all were deleted.") { $0.hasMore },
        ]
    }

    /// Deletes expired records in small transactions, until none is left or the deadline is near.
    ///
    /// Locked rows are skipped until the next call: two calls never wait for each other, and a team that is being
    /// restored is not deleted.
    ///
    /// - Throws: `PostgresError`, or `ConfigurationError` if the archive cannot be written; the transactions before the
    ///   failed one are done.
    public static func enforce(
        _ request: Request,
        _ settings: Settings = Settings(),
        in context: inout Context
    ) throws -> Report {
        var report = Report()
        var pace = Pace(left: context.deadline.remaining)
        var archive = settings.archive.map(Archive.init)
        var kinds = Kind.allCases
        var limits: [Kind: AdaptiveLimit] = [:]
        var trails = settings.trailDays == nil ? [] : Trail.allCases
        while !kinds.isEmpty || !trails.isEmpty {
            // All kinds take turns, so that many records of one kind do not delay the others.
            for kind in kinds {
                guard pace.allowsStep else { return report.unfinished() }
                let limit = limits[kind, default: AdaptiveLimit(kind.limit(of: request.batch))].count
                let count = try delete(kind, limit, in: &context)
                limits[kind, default: AdaptiveLimit(limit)].record(isInTime: count != nil)
                report.counts[kind, default: 0] += count ?? 0
                let isOver = kind.predecessor.map { !kinds.contains($0) } ?? true
                if let count, count < limit, isOver { kinds.removeAll { $0 == kind } }
                if count == nil, limit == 1 {
                    report.hasMore = true
                    kinds.removeAll { $0 == kind }
                }
                pace.endStep(left: context.deadline.remaining)
            }
            for trail in trails {
                guard pace.allowsStep else { return report.unfinished() }
                let batch = TrailBatch(trail, days: settings.trailDays ?? 0, limit: request.batch.count)
                let count = try batch.delete(to: &archive, in: &context)
                report.trails[trail, default: 0] += count
                if count < request.batch.count { trails.removeAll { $0 == trail } }
                pace.endStep(left: context.deadline.remaining)
            }
        }
        return report
    }

    /// Deletes up to `limit` records of a kind in a part of the call's time, so that one kind cannot use up all of it.
    ///
    /// - Returns: The number of records; nil if the time was too short, so that none was deleted.
    private static func delete(_ kind: Kind, _ limit: Int, in context: inout Context) throws -> Int? {
        do {
            return try context.operatorQuery(kind.deletion(limit), within: context.deadline.remaining / 4).value()
        } catch let error as PostgresError where error.isTimeout {
            context.log.warning("purge.batch_timed_out", ["kind": kind.rawValue, "limit": limit])
            return nil
        }
    }
}

extension Retention.Report {
    /// The report of a call whose deadline came first.
    fileprivate consuming func unfinished() -> Retention.Report {
        hasMore = true
        return self
    }
}

extension Retention {
    /// Whether there is time for another step: for one that takes twice as long as the longest before, with a tenth of
    /// the whole left over.
    struct Pace {
        private let reserve: Duration
        private var longest = Duration.zero
        private var left: Duration

        /// Begins with the time that there is.
        init(left: Duration) {
            self.left = left
            reserve = left / 10
        }

        var allowsStep: Bool { left > reserve && left > longest * 2 }

        /// Takes note of the time that a step has left.
        mutating func endStep(left now: Duration) {
            longest = max(longest, left - now)
            left = now
        }
    }
}
