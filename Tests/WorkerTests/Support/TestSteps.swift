import Base
import Core
import Runs
import System
import TestSupport
import Worker
import Queue

/// Steps in memory, as a test puts them there and a worker leaves them.
final class TestSteps: Sendable {
    struct State {
        var ready: [(topic: QueueTopic, step: ClaimedStep)] = []
        var leased: [ID<Job>: (topic: QueueTopic, step: ClaimedStep)] = [:]

        /// The sizes of all claims, and how many came back.
        var claims: [(topic: QueueTopic, asked: Int, given: Int)] = []

        /// What was accepted, by the names of steps.
        var results: [(name: String, outcome: StepOutcome)] = []

        /// What nobody wants any more, and what was taken away, by name.
        var cancelled: Set<String> = []
        var lost: Set<String> = []

        /// The names of steps whose successes are refused.
        var poison: Set<String> = []

        /// How many results it can take at once.
        var mostResults = Int.max

        var noted: [String] = []
        var heartbeats = 0
        var maintenanceRuns = 0

        /// Whether there is too much to see to.
        var maintenanceTimesOut = false

        /// How many calls of each kind will fail.
        var failures: [Call: Int] = [:]
    }

    enum Call: Hashable { case claim, heartbeat, finish, tend, recordStarted }

    struct Unreachable: Error {}
    struct Poisonous: Error {}

    let state = Monitor(State())

    /// Puts steps in.
    func add(
        _ names: String...,
        topic: QueueTopic = .echo,
        timeout: Duration = .seconds(1)
    ) {
        add(names, topic: topic, timeout: timeout)
    }

    /// Puts steps in.
    func add(_ names: [String], topic: QueueTopic = .echo, timeout: Duration = .seconds(1)) {
        let run = ID<Run>.make()
        state.change { state in
            for (number, name) in names.enumerated() {
                let step = ClaimedStep(
                    lease: JobLease(job: .make(), fence: 0),
                    team: .v7(),
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

    /// What became of the steps, by name: `succeeded`, `released` and so on.
    var outcomes: [String: [String]] {
        state.withLock { state in
            state.results.reduce(into: [:]) { $0[$1.name, default: []].append($1.outcome.word) }
        }
    }

    /// How often each step was given out and not given back, by name.
    func attempts(of name: String) -> Int? {
        state.withLock { state in
            (state.ready.map(\.step) + state.leased.values.map(\.step)).first { $0.name == name }?.attempt
        }
    }

    /// Waits until something is true.
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
        case .released: "released"
        }
    }

    static var done: StepOutcome { .succeeded(outputs: JSONText(trusted: Array("{}".utf8))) }
}
