import Base
import Core
import Postgres
import Queue
import Runs
import System
import TestSupport
import Testing

@testable import Worker

/// Workers show what their steps write, as long as someone watches.
@Suite struct WatchedTextTests {
    /// Writes numbers until it is told to end.
    private struct WritingExecutor: StepExecutor {
        let isDone: Monitor<Bool>

        mutating func execute(_ step: ClaimedStep, deadline: Deadline, cancellation: Cancellation) -> StepOutcome {
            .done
        }

        mutating func execute(
            _ step: ClaimedStep,
            deadline: Deadline,
            cancellation: Cancellation,
            writing text: LiveText
        ) -> StepOutcome {
            try? Poll.until {
                text.add("more ")
                return isDone.withLock { $0 } || cancellation.isCancelled
            }
            return .done
        }
    }

    @Test func `a text is written while it is watched, and is gone with the step`() throws {
        let database = try TestDatabase()
        let team = try database.makeWorkingTeam()
        let run = try database.startRun([TestStep("a")], of: team)
        let isDone = Monitor(false)
        let working = TestThread {
            var settings = WorkerSettings(topics: [.echo])
            settings.heartbeat = .milliseconds(50)
            guard let store = try? database.stepStore() else { return 0 }
            var worker = Worker(store, settings, log: .silent) { WritingExecutor(isDone: isDone) }
            return (try? worker.run(until: .test))?.succeeded ?? 0
        }
        func value(_ column: String) throws -> String? {
            let rows = try database.rows("SELECT text, text_at::text AS at FROM nofx.queue WHERE run_id = \(run)")
            return try rows.first?[column]
        }
        try Poll.until { try database.value("SELECT count(*) FROM nofx.queue WHERE state = 'running'") == 1 }
        #expect(try value("text") == nil)
        try database.rows("UPDATE nofx.queue SET watched_until = now() + interval '1 hour'")
        try Poll.until { try value("text")?.hasPrefix("more more ") == true }
        let first = try value("at")
        try Poll.until { try value("at") != first }
        isDone.withLock { $0 = true }
        #expect(working.join() == 1)
        #expect(try database.value("SELECT count(*) FROM nofx.queue") == 0)
    }
}
