import Base
import Core
import Runs
import System
import TestSupport
import Worker
import Queue

/// Steps in memory, which a test adds and a worker executes.
final class TestSteps: Sendable {
    struct State {
        var ready: [(topic: QueueTopic, step: ClaimedStep)] = []
        var leased: [ID<Job>: (topic: QueueTopic, step: ClaimedStep)] = [:]

        /// The requested and the returned size of each claim.
        var claims: [(topic: QueueTopic, asked: Int, given: Int)] = []

        /// The accepted results, by step name.
        var results: [(name: String, outcome: StepOutcome)] = []

        /// The names of steps whose runs were cancelled, and of steps whose leases are lost.
        var cancelled: Set<String> = []
        var lost: Set<String> = []

        /// The names of steps whose successes are refused.
        var poison: Set<String> = []

        /// The maximum number of results in a report.
        var maxBatch = Int.max

        var started: [String] = []
        var heartbeats = 0
        var maintenanceRuns = 0

        /// How often the worker said what it can do, and the steps that it is told no worker can do.
        var notes = 0
        var undoable: [QueueTopic: Int] = [:]

        /// Whether maintenance times out.
        var maintenanceTimesOut = false

        /// How many calls of each kind will fail.
        var failures: [Call: Int] = [:]
    }

    enum Call: Hashable { case claim, heartbeat, finish, maintain, begin }

    struct Unreachable: Error {}
    struct Poisonous: Error {}

    let state = Monitor(State())

    /// Adds steps.
    func add(
        _ names: String...,
        topic: QueueTopic = .echo,
        timeout: Duration? = .seconds(1),
        team: UUID? = nil
    ) {
        add(names, topic: topic, timeout: timeout, team: team)
    }

    /// Adds steps.
    func add(
        _ names: [String],
        topic: QueueTopic = .echo,
        timeout: Duration? = .seconds(1),
        team: UUID? = nil
    ) {
        let run = ID<Run>.make()
        state.change { state in
            for (number, name) in names.enumerated() {
                let step = ClaimedStep(
                    lease: JobLease(job: .make(), fence: 0),
                    team: team ?? .v7(),
                    run: run,
                    number: number,
                    name: name,
                    tool: topic.description.replacing(".", with: ":"),
                    inputs: JSONText(trusted: Array("{}".utf8)),
                    attempt: 0,
                    timeout: timeout
                )
                state.ready.append((topic, step))
            }
        }
    }

    /// The outcomes of the steps, by name: `succeeded`, `released` and so on.
    var outcomes: [String: [String]] {
        state.withLock { state in
            state.results.reduce(into: [:]) { $0[$1.name, default: []].append($1.outcome.word) }
        }
    }

    /// The number of attempts of a step that has not ended.
    func attempts(of name: String) -> Int? {
        state.withLock { state in
            (state.ready.map(\.step) + state.leased.values.map(\.step)).first { $0.name == name }?.attempt
        }
    }

    /// Waits for a state.
    func wait(until isTrue: @escaping @Sendable (borrowing State) -> Bool) {
        _ = state.wait(timeoutNanoseconds: { _ in .max }) { isTrue($0) ? true : nil }
    }
}

extension QueueTopic {
    static let echo = QueueTopic("test.echo") ?? .other
    static let ai = QueueTopic("ai.generate") ?? .other
    private static var other: QueueTopic {
        guard let topic = QueueTopic("other") else { preconditionFailure("a topic") }
        return topic
    }
}

extension StepOutcome {
    var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed(let failure): "failed \(failure.code)"
        case .timedOut: "timedOut"
        case .cancelled: "cancelled"
        case .interrupted: "interrupted"
        case .released: "released"
        }
    }

    static var done: StepOutcome { .succeeded(outputs: JSONText(trusted: Array("{}".utf8))) }
}
