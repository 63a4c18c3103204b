public import Base

/// What is to be told to the world because of committed transactions.
///
/// A row is delivered at least once: it is claimed for a while by counting an attempt, and settled by whoever counted
/// the last one. If a deliverer dies, the claim runs out and the next one takes the row.
public enum Outbox {
    /// How much to do.
    public struct Request: InputObject {
        let limit: Limit
        let redriven: RedriveLimit?

        public static let schema = Schema(
            .optional("limit", Limit.self, default: Limit(count: 100), "How many rows to take at most."),
            .optional("redriveDead", RedriveLimit.self, "How many of the dead to try again; none by default."),
            into: Request.init
        )
    }

    /// A number of rows: 1 to 1000.
    public struct Limit: InputValue, CustomStringConvertible {
        private static let range = IntegerRule(1...1_000)

        let count: Int

        public static var rule: String { range.description }

        init(count: Int) {
            self.count = count
        }

        public init(input: JSONValue) throws(Violations) {
            count = try Self.range.read(input)
        }

        public var description: String { "\(count)" }
    }

    /// A number of rows that were given up: 1 to 10,000.
    public struct RedriveLimit: InputValue {
        private static let range = IntegerRule(1...10_000)

        let count: Int

        public static var rule: String { range.description }

        public init(input: JSONValue) throws(Violations) {
            count = try Self.range.read(input)
        }
    }

    /// What was done, in rows.
    public struct Report: OutputObject, Equatable {
        var redriven = 0
        var claimed = 0
        var delivered = 0
        var dropped = 0
        var retried = 0
        var dead = 0
        var more = false

        public static let fields: [OutputField<Report>] = [
            OutputField("redriven", "Given up before, and due again now.") { $0.redriven },
            OutputField("claimed", "Taken.") { $0.claimed },
            OutputField("delivered", "Sent.") { $0.delivered },
            OutputField("dropped", "Not sent, because there is nothing to tell any more.") { $0.dropped },
            OutputField("retried", "Not sent, to be tried again later.") { $0.retried },
            OutputField("dead", "Given up.") { $0.dead },
            OutputField("more", "Whether more is due.") { $0.more },
        ]
    }
}
