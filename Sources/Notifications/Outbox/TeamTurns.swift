import Base

/// Whose turn it is in one call of deliverOutbox, so that the slow receivers of one team do not hold up the others.
///
/// A team with fewer deliveries in this call comes first. A team has at most a share of the threads at a time, and gets no
/// further delivery once its deliveries have taken as long as the call may.
struct TeamTurns {
    /// How many messages of one team are sent at once.
    static let share = OutboxSenders.messageThreads / 4

    private struct Account {
        var begun = 0
        var running = 0
        var took = Duration.zero
    }

    private let time: Duration
    private var accounts: [UUID: Account] = [:]

    /// Makes the turns of a call.
    ///
    /// - Parameter time: How long the call may take.
    init(time: Duration) {
        self.time = time
    }

    /// How many deliveries run.
    var running: Int { accounts.values.reduce(0) { $0 + $1.running } }

    /// The teams that had a turn, those with the fewest first.
    var order: [UUID] {
        accounts.sorted { ($0.value.begun, $0.key) < ($1.value.begun, $1.key) }.map(\.key)
    }

    /// The teams that get no turn now.
    var heldBack: [UUID] {
        accounts.filter { $0.value.running >= Self.share || $0.value.took >= time }.map(\.key)
    }

    /// Whether a team gets no further turn in this call.
    var isAnyOver: Bool { accounts.values.contains { $0.took >= time } }

    mutating func begin(_ team: UUID) {
        accounts[team, default: Account()].begun += 1
        accounts[team, default: Account()].running += 1
    }

    mutating func end(_ team: UUID, took duration: Duration) {
        accounts[team, default: Account()].running -= 1
        accounts[team, default: Account()].took += duration
    }
}
