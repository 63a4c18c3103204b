import Base
import Core
import Postgres
import System
import Reliability
import AI

/// Times calls to the database, on request of `Benchmarks/breaker/rounds.py`.
///
/// Each input line is `select` or `acquire` and the number of calls. Each output line has the duration of each call
/// in nanoseconds. `DATABASE_URL` names the database.
@main
struct BenchBreaker {
    private static let name = "openai"

    /// The breakers of a call: of a provider, a key and a model.
    private static let names = [name, "\(name)@1a2b3c4d", "\(name)/gpt-6"]

    static func main() {
        do {
            try run()
        } catch {
            print("benchBreaker: \(String(reflecting: error))")
            Process.exit(70)  // EX_SOFTWARE
        }
    }

    private static func run() throws {
        let url = try ConnectionString(try Environment.current().required("DATABASE_URL"))
        let log = Log(level: .warning, function: "benchBreaker")
        let policy = try CircuitBreakerPolicy()
        var connection = try Connection(url, deadline: .after(.seconds(60)), log: log)
        var store = PostgresStores(Database(at: url), log: log)
        store.answerLimit = .seconds(60)
        store.connectLimit = .seconds(60)
        while let line = readLine() {
            let words = line.split(separator: " ")
            guard words.count == 2, let calls = Int(words[1]) else { throw Refused() }
            switch words[0] {
            case "select": report(try times(calls) { try select(&connection) })
            case "acquire": report(try times(calls) { try acquire(&store, under: policy) })
            default: throw Refused()
            }
        }
    }

    /// The cheapest possible read of a breaker, as the baseline.
    private static func select(_ connection: inout Connection) throws {
        let results = try connection.pipeline(
            ["SELECT state, generation, failures FROM nofx.circuit_breakers WHERE name = \(name)"],
            deadline: .after(.seconds(60))
        )
        let rows = try results[0].get()
        let state: String = try rows[0]["state"]
        guard state == "closed" else { throw Refused() }
    }

    private static func acquire(
        _ store: inout PostgresStores,
        under policy: CircuitBreakerPolicy
    ) throws {
        guard case .permitted(let permit) = try store.acquire(names, under: policy),
            !permit.grants.contains(where: \.isProbe)
        else { throw Refused() }
        _ = try store.record([.success, .neutral, .success], of: permit, for: nil, under: policy)
    }

    private static func times(_ count: Int, _ body: () throws -> Void) rethrows -> [UInt64] {
        var times: [UInt64] = []
        times.reserveCapacity(count)
        for _ in 0..<count {
            let start = SystemClock.monotonicNanoseconds()
            try body()
            times.append(SystemClock.monotonicNanoseconds() - start)
        }
        return times
    }

    private static func report(_ times: [UInt64]) {
        let line = times.map(String.init).joined(separator: " ") + "\n"
        try? FileDescriptor.standardOutput.write(Array(line.utf8))
    }
}

/// The input or the state of the breaker is not as expected.
private struct Refused: Error {}
