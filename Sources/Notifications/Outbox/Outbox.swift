public import Base

/// Mail and messages to webhooks: jobs of the queue, which triggers add in the transaction that causes them.
///
/// A job is delivered at least once. A deliverer claims it for the length of a lease and reports the outcome with the
/// lease's fencing token. If a deliverer dies, the lease expires and another deliverer claims the job.
public enum Outbox {
    /// How much to do.
    public struct Request: InputObject {
        let limit: Limit
        let redriven: RedriveLimit?

        public static let schema = Schema(
            .optional("limit", Limit.self, default: Limit(count: 100), "How many jobs to claim at most."),
            .optional(
                "redriveDead",
                RedriveLimit.self,
                "How many dead letters to put back into the queue; none by default."
            ),
            into: Request.init
        )
    }

    /// A number of jobs: 1 to 1000.
    public struct Limit: InputValue, CustomStringConvertible {
        private static let range = IntegerRule(1...1_000)

        let count: Int

        public static var rule: String { range.description }
        public static var form: ValueForm { range.form }

        init(count: Int) {
            self.count = count
        }

        public init(input: JSONValue) throws(Violations) {
            count = try Self.range.read(input)
        }

        public var description: String { "\(count)" }
    }

    /// A number of dead letters: 1 to 10,000.
    public struct RedriveLimit: InputValue {
        private static let range = IntegerRule(1...10_000)

        let count: Int

        public static var rule: String { range.description }
        public static var form: ValueForm { range.form }

        public init(input: JSONValue) throws(Violations) {
            count = try Self.range.read(input)
        }
    }

    /// The numbers of jobs by outcome.
    public struct Report: OutputObject, Equatable {
        var redriven = 0
        var claimed = 0
        var delivered = 0
        var dropped = 0
        var retried = 0
        var dead = 0
        var more = false

        public static let fields: [OutputField<Report>] = [
            OutputField("redriven", "Dead letters that were put back into the queue.") { $0.redriven },
            OutputField("claimed", "Claimed.") { $0.claimed },
            OutputField("delivered", "Sent.") { $0.delivered },
            OutputField("dropped", "Not sent, because the invite or the webhook has ended.") { $0.dropped },
            OutputField("retried", "Not sent, to be retried later.") { $0.retried },
            OutputField("dead", "Dead-lettered.") { $0.dead },
            OutputField("more", "Whether more jobs are due.") { $0.more },
        ]
    }
}
