import Base
import Postgres
import TestSupport
import Testing

@testable import Core
@testable import Reliability
@testable import AI

/// A thousand concurrent processes at one breaker, each simulated by a thread with its own connection.
@Suite(.serialized) struct CircuitRaceTests {
    private let database: TestDatabase
    private let policy: CircuitBreakerPolicy

    init() throws {
        database = try TestDatabase()
        policy = try CircuitBreakerPolicy()
    }

    // Cases: ai 18; breaker 84
    @Test func `a thousand callers after an opening get two probes of one generation`() throws {
        try database.rows(
            """
            UPDATE nofx.circuit_breakers
            SET state = 'open', generation = 1, opens = 1, total_opens = 1, open_until = clock_timestamp()
            WHERE name = 'openai'
            """
        )
        let (database, policy) = (database, policy)
        let answers = try database.withPooler(servers: 20, as: "nofx_test_operator") { url in
            try runConcurrently(1_000) { _, barrier in
                var store = try PostgresStores.patient(url)
                try store.connect(under: policy)
                barrier()
                switch try store.acquire("openai", under: policy) {
                case .permitted(let permit): return "\(permit.isProbe ? "probe" : "allowed") \(permit.generation)"
                case .rejected(let rejection): return rejection.reason.rawValue
                }
            }
        }
        #expect(answers.tally == ["probe 2": 2, "probing": 998])
        let view = try database.breaker("openai")
        #expect((view?.state, view?.generation, view?.permitsLeft) == ("half_open", 2, 0))
    }

    @Test func `a thousand callers after a model's opening get two probes, and its provider is not probed`() throws {
        try database.rows(
            """
            INSERT INTO nofx.circuit_breakers (name, state, generation, opens, total_opens, open_until)
            VALUES ('openai/m-broken', 'open', 1, 1, 1, clock_timestamp())
            """
        )
        let (database, policy) = (database, policy)
        let answers = try database.withPooler(servers: 20, as: "nofx_test_operator") { url in
            try runConcurrently(1_000) { _, barrier in
                var store = try PostgresStores.patient(url)
                try store.connect(under: policy)
                barrier()
                switch try store.acquire(["openai", "openai@1a2b3c4d", "openai/m-broken"], under: policy) {
                case .permitted(let permit): return permit.grants.map { $0.isProbe ? "probe" : "-" }.joined()
                case .rejected(let rejection): return "\(rejection.reason.rawValue) \(rejection.name)"
                }
            }
        }
        #expect(answers.tally == ["--probe": 2, "probing openai/m-broken": 998])
        #expect(try database.breaker("openai/m-broken")?.permitsLeft == 0)
        #expect(try database.breaker("openai")?.state == "closed")
    }

    @Test func `a thousand callers after the opening of a provider and a model take as many permits of each`() throws {
        try database.rows(
            """
            INSERT INTO nofx.circuit_breakers (name, state, generation, opens, total_opens, open_until)
            VALUES ('openai', 'open', 1, 1, 1, clock_timestamp()), ('openai/m', 'open', 1, 1, 1, clock_timestamp())
            ON CONFLICT (name) DO UPDATE SET (state, generation, opens, total_opens, open_until)
                = (excluded.state, excluded.generation, excluded.opens, excluded.total_opens, excluded.open_until)
            """
        )
        let (database, policy) = (database, policy)
        let answers = try database.withPooler(servers: 20, as: "nofx_test_operator") { url in
            try runConcurrently(1_000) { _, barrier in
                var store = try PostgresStores.patient(url)
                try store.connect(under: policy)
                barrier()
                switch try store.acquire(["openai", "openai/m"], under: policy) {
                case .permitted(let permit): return permit.grants.allSatisfy(\.isProbe) ? "probe" : "half a probe"
                case .rejected(let rejection): return rejection.reason.rawValue
                }
            }
        }
        let probes = answers.tally["probe"] ?? 0
        // A caller that finds the model's row locked gives the provider's permit back.
        #expect((1...2).contains(probes) && answers.tally == ["probe": probes, "probing": 1_000 - probes])
        #expect(try database.breaker("openai")?.permitsLeft == 2 - probes)
        #expect(try database.breaker("openai/m")?.permitsLeft == 2 - probes)
    }

    // Cases: breaker 85
    @Test func `a thousand concurrent failures record five failures and open the breaker once`() throws {
        let (database, policy) = (database, policy)
        let before = try database.writes()["circuit_breakers"]
        let answers = try database.withPooler(servers: 20, as: "nofx_test_operator") { url in
            try runConcurrently(1_000) { _, barrier in
                var store = try PostgresStores.patient(url)
                guard case .permitted(let permit) = try store.acquire("openai", under: policy) else {
                    return "kept away"
                }
                barrier()
                let change = try store.record(.failure(error: "broken"), of: permit, under: policy)
                return change.map { "\($0)" } ?? "nothing"
            }
        }
        #expect(answers.tally == ["\(CircuitTransition.opened(for: .seconds(120)))": 1, "nothing": 999])
        #expect(try database.writes()["circuit_breakers"] == before.map { $0 + 5 })
        let view = try database.breaker("openai")
        #expect((view?.state, view?.failures, view?.totalOpens) == ("open", 5, 1))
    }

    @Test func `ten thousand successful calls write nothing, and one failure does`() throws {
        let (database, policy) = (database, policy)
        let before = try database.writes()
        let calls = try database.withPooler(servers: 20, as: "nofx_test_operator") { url in
            try runConcurrently(20) { number, barrier in
                var store = try PostgresStores.patient(url)
                try store.connect(under: policy)
                barrier()
                var allowed = 0
                for _ in 0..<500 {
                    let name = number < 10 ? "openai" : "anthropic-ai"
                    guard case .permitted(let permit) = try store.acquire(name, under: policy) else { continue }
                    allowed += permit.isProbe ? 0 : 1
                    _ = try store.record(.success, of: permit, under: policy)
                }
                return allowed
            }
        }
        #expect(calls.reduce(0, +) == 10_000)
        #expect(try database.writes() == before)
        var store = try PostgresStores.patient(database.operatorURL)
        if case .permitted(let permit) = try store.acquire("openai", under: policy) {
            _ = try store.record(.failure(error: "broken"), of: permit, under: policy)
        }
        _ = consume store
        #expect(try database.writes() == before.merging(["circuit_breakers": 1], uniquingKeysWith: +))
    }

    // Cases: breaker 9
    @Test func `an outcome that waited for the row is dropped if the generation changed meanwhile`() throws {
        let (database, policy) = (database, policy)
        var store = try PostgresStores.patient(database.operatorURL)
        guard case .permitted(let permit) = try store.acquire("openai", under: policy) else {
            Issue.record("a new breaker let nothing through")
            return
        }
        let generation = permit.generation
        var operating = try database.connect()
        let late = try operating.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT nofx.circuit_set('openai', 'disable')")
            let late = TestThread {
                Result { () throws -> CircuitTransition? in
                    var store = try PostgresStores.patient(database.operatorURL)
                    let permit = CircuitPermit([CircuitGrant(name: "openai", generation: generation)])
                    return try store.record(.failure(error: "late"), of: permit, under: policy)
                }
            }
            try database.awaitWaiters()
            try transaction.run("SELECT nofx.circuit_set('openai', 'enable')")
            return late
        }
        #expect(try late.join().get() == nil)
        let view = try database.breaker("openai")
        #expect((view?.state, view?.generation, view?.failures) == ("closed", 2, 0))
    }

    @Test func `a burst of limits moves the cool-down in steps of a second`() throws {
        let (database, policy) = (database, policy)
        let before = try database.writes()["circuit_breakers"] ?? 0
        let start: Double = try Self.seconds(database)
        _ = try database.withPooler(servers: 20, as: "nofx_test_operator") { url in
            try runConcurrently(200) { _, barrier in
                var store = try PostgresStores.patient(url)
                guard case .permitted(let permit) = try store.acquire("openai", under: policy) else { return }
                barrier()
                _ = try store.record(.limited(for: .seconds(600), reason: .rateLimited), of: permit, under: policy)
            }
        }
        let elapsed = try Self.seconds(database) - start
        let steps = try database.writes()["circuit_breakers"].map { $0 - before } ?? 0
        #expect(steps >= 1 && Double(steps) <= elapsed + 1)
    }

    private static func seconds(_ database: TestDatabase) throws -> Double {
        let text: String = try database.value("SELECT extract(epoch FROM clock_timestamp())::text")
        return Double(text) ?? 0
    }
}

extension PostgresStores {
    /// Connects by asking for an unused breaker.
    fileprivate mutating func connect(under policy: CircuitBreakerPolicy) throws {
        _ = try acquire("nobody's", under: policy)
    }
}

extension [String] {
    fileprivate var tally: [String: Int] { reduce(into: [:]) { $0[$1, default: 0] += 1 } }
}

extension TestDatabase {
    /// The number of rows written in each table, read after all other sessions have ended: a session reports its
    /// writes when it ends.
    fileprivate func writes() throws -> [String: Int] {
        var connection = try connect()
        try Poll.until {
            try connection.transact(
                [
                    """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
                    """
                ],
                deadline: .test
            )[0].value(as: Int.self) == 0
        }
        let found = try rows(
            """
            SELECT relname::text AS name, n_tup_ins + n_tup_upd + n_tup_del AS writes FROM pg_stat_user_tables
            WHERE schemaname = 'nofx'
            """
        )
        var writes: [String: Int] = [:]
        for index in 0..<found.count { writes[try found[index]["name"]] = try found[index]["writes"] as Int }
        return writes
    }
}
