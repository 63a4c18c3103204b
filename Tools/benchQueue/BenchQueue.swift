import Base
import Core
import Postgres
import Runs
import System
import Worker
import Queue

/// Claims and finishes steps, claims jobs and starts runs, on request of `Benchmarks/queue/report.py`.
///
/// Each input line is a command with its numbers. Each output line has the duration of each call in nanoseconds.
/// `DATABASE_URL` names the database.
///
/// - `steps TOPIC BATCHES SIZE`: claims SIZE steps and finishes them, BATCHES times. It prints one number for all.
/// - `claims TOPIC COUNT SIZE`: claims SIZE jobs, COUNT times.
/// - `starts TEAM USER COUNT STEPS`: starts COUNT runs of STEPS steps.
@main
struct BenchQueue {
    static func main() {
        do {
            try run()
        } catch {
            print("benchQueue: \(String(reflecting: error))")
            Process.exit(70)  // EX_SOFTWARE
        }
    }

    private static func run() throws {
        let url = try ConnectionString(try Environment.current().required("DATABASE_URL"))
        let log = Log(level: .warning, function: "benchQueue")
        var store = PostgresStepStore(Database(at: url), log: log)
        store.answerLimit = .seconds(60)
        var connection = try Connection(url, deadline: .after(.seconds(60)), log: log)
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            switch (words.first, words.count) {
            case ("steps", 4):
                let claim = JobClaim(try topic(words[1]), count: try number(words[3]))
                report([try time { for _ in 0..<(try number(words[2])) { try doSteps(claim, in: &store) } }])
            case ("claims", 4):
                let (topic, size) = (try topic(words[1]), try number(words[3]))
                var turn: UUID?
                var times: [UInt64] = []
                for _ in 0..<(try number(words[2])) {
                    times.append(try time { turn = try claim(topic, size, after: turn, over: &connection) })
                }
                report(times)
            case ("starts", 5):
                guard let team = UUID(words[1]), let user = UUID(words[2]) else { throw Refused() }
                let plan = Plan(steps: try number(words[4]))
                var times: [UInt64] = []
                for _ in 0..<(try number(words[3])) {
                    times.append(try time { try start(plan, team: team, user: user, over: &connection) })
                }
                report(times)
            default: throw Refused()
            }
        }
    }

    /// Makes the calls that a worker makes for steps that do nothing.
    private static func doSteps(_ claim: JobClaim, in store: inout PostgresStepStore) throws {
        let steps = try store.claim(claim)
        let outputs = JSONText(trusted: Array("{}".utf8))
        guard steps.count == claim.count,
            try store.finish(steps.map { StepResult($0, .succeeded(outputs: outputs)) }).allSatisfy({ $0 })
        else { throw Refused() }
    }

    /// Claims jobs and returns the tenant of the last one.
    private static func claim(
        _ topic: QueueTopic,
        _ size: Int,
        after turn: UUID?,
        over connection: inout Connection
    ) throws -> UUID? {
        let results = try connection.pipeline(
            ["SELECT * FROM nofx.claim_jobs(\(topic.description), \(Int32(size)), '30 s', NULL, NULL, \(turn))"],
            deadline: .after(.seconds(60))
        )
        let rows = try results[0].get()
        guard rows.count == size else { throw Refused() }
        return try rows[size - 1]["tenant_id"]
    }

    private static func start(_ plan: Plan, team: UUID, user: UUID, over connection: inout Connection) throws {
        let caller: Query = "SELECT set_config('nofx.user_id', \(user.description), true)"
        let start: Query = """
            SELECT outcome FROM nofx.start_run(\(team), \(UUID.v7()), 'benchmark', NULL, NULL, 100000000, 100000000,
                                               \(plan.columns)::json, '{}', '{*}')
            """
        let rows = try connection.transact([caller, start], deadline: .after(.seconds(60)))
        let outcome: String = try rows[1][0]["outcome"]
        guard outcome == "ok" else { throw Refused() }
    }

    private static func topic(_ text: String) throws -> QueueTopic {
        guard let topic = QueueTopic(text) else { throw Refused() }
        return topic
    }

    private static func number(_ text: String) throws -> Int {
        guard let number = Int(text) else { throw Refused() }
        return number
    }

    private static func time(_ body: () throws -> Void) rethrows -> UInt64 {
        let start = SystemClock.monotonicNanoseconds()
        try body()
        return SystemClock.monotonicNanoseconds() - start
    }

    private static func report(_ times: [UInt64]) {
        let line = times.map(String.init).joined(separator: " ") + "\n"
        try? FileDescriptor.standardOutput.write(Array(line.utf8))
    }
}

/// A plan as the database takes it: layers of ten steps, in which each step depends on one step of the previous
/// layer.
private struct Plan {
    let columns: String

    init(steps count: Int) {
        let steps = Array(0..<count)
        var json = JSONWriter()
        json.object { json in
            json.column("name", steps) { "step \($0)" }
            json.column("tool", steps) { _ in "test:echo" }
            json.column("topic", steps) { _ in "test.echo" }
            json.column("inputs", steps) { JSONText(trusted: Array(#"{"number":\#($0)}"#.utf8)) }
            json.column("deps", steps) { $0 < 10 ? "{}" : "{\($0 - 10)}" }
            json.column("dependents", steps) { $0 + 10 < count ? "{\($0 + 10)}" : "{}" }
            json.column("continues", steps) { _ in false }
            json.column("priority", steps) { _ in 0 }
            json.column("max_attempts", steps) { _ in 3 }
            json.column("timeout_s", steps) { _ in 60 }
            json.column("retry_base_s", steps) { _ in 3 }
            json.column("retry_cap_s", steps) { _ in 60 }
            json.column("delay_s", steps) { _ in 0 }
        }
        columns = String(decoding: json.bytes, as: UTF8.self)
    }
}

extension JSONWriter {
    fileprivate mutating func column(_ name: String, _ steps: [Int], _ value: (Int) -> some JSONEncodable) {
        member(name) { json in
            json.array { json in
                for step in steps { json.element(value(step)) }
            }
        }
    }
}

/// The input or the state of the database is not as expected.
private struct Refused: Error {}
