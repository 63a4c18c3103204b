import Base
import Glibc
import Postgres
import Synchronization
import System
import TestSupport
import Testing

/// Processes that are killed while they call an AI provider.
@Suite struct AttemptKillTests {
    /// How many processes are killed in each test; `NOFX_KILLS` makes it more.
    private static var kills: Int { Environment.current()["NOFX_KILLS"].flatMap { Int($0) } ?? 20 }

    private let database: TestDatabase

    init() throws {
        database = try TestDatabase()
    }

    /// The models of all requests that the server saw: each process asks for one of its own.
    private func asked(_ server: FaultServer) throws -> [String] {
        try server.requests().compactMap { try JSONDocument(parsing: Array($0.body.utf8)).root["model"]?.string }
    }

    private func outcomes() throws -> [String: String] {
        let rows = try database.rows("SELECT requested_model, outcome FROM nofx.ai_attempts")
        return try Dictionary(
            (0..<rows.count).map { (try rows[$0]["requested_model"], try rows[$0]["outcome"]) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    @Test func `each request of a process that is killed at a random moment is written down`() throws {
        try FaultServer.run { server in
            let process = database.ask(["OPENAI_BASE_URL": server.openAI])
            let start = SystemClock.monotonicNanoseconds()
            for number in 1...3 { #expect(try process.run(TestFunction.question("whole-\(number)")).status == 0) }
            let longest = (SystemClock.monotonicNanoseconds() - start) / 3 * 3 / 2
            let share = (Self.kills + 1) / 2
            _ = try runConcurrently(2) { thread, _ in
                var random = SeededGenerator(seed: UInt64(thread))
                for number in 0..<share {
                    let delay = Duration.nanoseconds(Int64(UInt64.random(in: 0...longest, using: &random)))
                    let question = TestFunction.question("killed-\(thread)-\(number)")
                    let running = try process.start()
                    _ = running.finish(Array(question.utf8), killedAt: .after(delay))
                }
            }
            try Poll.until {
                let known = try outcomes()
                return try asked(server).allSatisfy { known[$0] != nil }
            }
        }
    }

    @Test func `each request of a process that is killed between answer and record is written down as begun`() throws {
        try FaultServer.run { server in
            let process = database.ask(["OPENAI_BASE_URL": server.openAI])
            var watcher = try database.connect()
            for number in 0..<Self.kills {
                let running = RunningProcess()
                var holder = try database.connect()
                try holder.transaction(deadline: .test) { transaction in
                    // The beginning of an attempt does not touch the table, and its result does.
                    try transaction.run("LOCK TABLE nofx.ai_usage_daily IN EXCLUSIVE MODE")
                    let question = Array(TestFunction.question("answered-\(number)").utf8)
                    let thread = TestThread { Result { try running.finish(process, question) } }
                    try Poll.until { try watcher.waitingRecords(ending: false) > 0 }
                    running.kill()
                    #expect(try thread.join().get().status == 128 + 9)
                    // The server would complete the statement of a client that has gone.
                    _ = try watcher.waitingRecords(ending: true)
                    try Poll.until { try watcher.waitingRecords(ending: false) == 0 }
                }
            }
            let (asked, known) = (try asked(server), try outcomes())
            #expect(Set(asked).count == Self.kills)
            #expect(asked.allSatisfy { known[$0] == "begun" })
            let counted = try database.value(
                "SELECT count(*) FROM nofx.ai_attempts WHERE input_tokens > 0 AND output_tokens > 0 AND estimated",
                as: Int.self
            )
            #expect(counted == Self.kills)
        }
    }
}

/// A process that another thread waits for.
private final class RunningProcess: Sendable {
    private let processID = Mutex<pid_t>(0)

    func finish(_ process: TestFunction, _ input: [UInt8]) throws -> Subprocess.Outcome {
        let running = try process.start()
        processID.withLock { $0 = running.processID }
        return running.finish(input)
    }

    func kill() {
        processID.withLock { _ = Glibc.kill($0, SIGKILL) }
    }
}

extension Connection {
    /// The number of sessions whose record of an attempt waits for a lock; they are ended if asked for.
    fileprivate mutating func waitingRecords(ending: Bool) throws -> Int {
        try transact(
            [
                """
                SELECT count(*) FILTER (WHERE NOT \(ending) OR pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%record_ai_attempt%'
                """
            ],
            deadline: .test
        )[0].value(as: Int.self)
    }
}
