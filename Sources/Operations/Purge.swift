public import Base
public import Core
import Postgres

/// How long things are kept that nobody needs any more, and what deletes them.
public enum Retention {
    /// How much is to be done at once.
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

        public init(input: JSONValue) throws(Violations) {
            count = try Self.range.read(input)
        }

        public var description: String { "\(count)" }
    }

    /// What was done.
    public struct Report: OutputObject {
        fileprivate(set) var counts: [Kind: Int] = [:]
        fileprivate(set) var hasMore = false

        private static func field(_ name: String, _ help: String, _ kinds: Kind...) -> OutputField<Report> {
            OutputField(name, help) { report in kinds.reduce(0) { $0 + report.counts[$1, default: 0] } }
        }

        public static let fields: [OutputField<Report>] = [
            field("idempotencyKeys", "Answers kept for repeated calls that were deleted.", .idempotencyKeys),
            field("rateLimits", "Rates that were deleted because all of them is there again.", .rateLimits),
            field("invitesExpired", "Invites that expired.", .expiredInvites),
            field("invites", "Decided invites that were deleted.", .decidedInvites),
            field("runs", "Runs that were deleted, with all that they had.", .runs, .runsOfTeams),
            field("deadJobs", "Jobs of no run that were given up and deleted.", .deadJobs),
            field("teams", "Teams that were deleted for good.", .teams),
            field("outbox", "Mail and messages to webhooks that were given up and deleted.", .outbox),
            field("apiKeys", "Ended API keys that were deleted.", .keys),
            field("aiAttempts", "Attempts at AI calls that were deleted; what they add up to stays.", .attempts),
            field("aiReservations", "Reservations of AI calls that were deleted because they ended.", .reservations),
            OutputField("more", "Whether there was no time for all of it.") { $0.hasMore },
        ]
    }

    /// Deletes what has had its time, in small transactions, until nothing is left or the time is nearly over.
    ///
    /// Rows that somebody else has locked are left for the next time: two of these never wait for each other, and
    /// a team that is being restored is not deleted.
    ///
    /// - Throws: `PostgresError`; the transactions before the failed one are done.
    public static func enforce(_ request: Request, in context: inout Context) throws -> Report {
        var report = Report()
        var pace = Pace(left: context.deadline.remaining)
        var kinds = Kind.allCases
        while !kinds.isEmpty {
            // All kinds in turn, so that a heap of one keeps no other waiting.
            for kind in kinds {
                guard pace.allowsStep else {
                    report.hasMore = true
                    return report
                }
                let limit = kind.limit(of: request.batch)
                let rows = try context.operatorQuery(kind.deletion(limit))
                report.counts[kind, default: 0] += rows.affected
                let isOver = kind.predecessor.map { !kinds.contains($0) } ?? true
                if rows.affected < limit, isOver { kinds.removeAll { $0 == kind } }
                pace.endStep(left: context.deadline.remaining)
            }
        }
        return report
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
