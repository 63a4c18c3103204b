/// How an attempt to deliver a row ended.
enum OutboxOutcome {
    case delivered
    case dropped
    case retried(after: Duration, reason: String)
    case dead(reason: String)

    var name: String {
        switch self {
        case .delivered: "delivered"
        case .dropped: "dropped"
        case .retried: "retried"
        case .dead: "dead"
        }
    }

    var reason: String? {
        switch self {
        case .delivered, .dropped: nil
        case .retried(_, let reason), .dead(let reason): reason
        }
    }
}

extension OutboxRow {
    /// The minutes after each failure that may pass; there is one attempt more, and 33 hours between first and last.
    private static var waits: [Int] { [1, 5, 30, 120, 360, 720, 720] }

    /// Whether it was claimed as often as it may be, and nobody lived to write down how the last time ended.
    var isGivenUp: Bool { attempt > Self.waits.count + 1 }

    /// What becomes of such a row.
    static var givenUp: OutboxOutcome { .dead(reason: "every attempt ended without a result") }

    /// What becomes of the row after a failure that may pass: later and later, and in the end given up.
    ///
    /// - Parameters:
    ///   - reason: What failed.
    ///   - floor: How long whoever is to be told asks to be left alone.
    /// - Returns: When it is due again, if ever.
    func outcome(ofPassingFailure reason: String, notBefore floor: Duration = .zero) -> OutboxOutcome {
        let minutes = Self.waits
        guard attempt <= minutes.count else { return .dead(reason: reason) }
        // What failed together should not come back together.
        let delay = Double(minutes[Int(max(attempt, 1)) - 1] * 60) * Double.random(in: 1...1.2)
        return .retried(after: max(.seconds(delay), floor), reason: reason)
    }
}
