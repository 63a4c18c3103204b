import Base
import Core
import Postgres
import TestSupport
import Testing
@testable import Operations
import AI

@testable import FunctionRuntime
@testable import Teams
@testable import nofx

@Suite struct AIHealthTests {
    // Cases: ai 57
    @Test func `both providers are listed before the first call`() throws {
        let database = try TestDatabase()
        for _ in 0..<2 {
            let health = try database.health(as: .stranger())
            #expect(health.map { $0["name"]?.string } == ["anthropic-ai", "openai"])
            for breaker in health {
                #expect(breaker["state"]?.string == "closed")
                #expect(breaker["isRetryDue"]?.bool == false)
                #expect(breaker["generation"]?.integer == 0)
                for name in ["retryAfterMs", "gate", "lastError", "lastFailureAt", "lastSuccessAt", "rateLimit"] {
                    #expect(breaker[name]?.isNull == true, "\(name)")
                }
                for name in ["attempts", "successes", "failures", "rejections", "opens"] {
                    #expect(breaker["counters"]?[name]?.integer == 0, "\(name)")
                }
            }
            // A missing row must not hide them.
            try database.rows("DELETE FROM nofx.circuit_breakers")
        }
    }

    // Cases: ai 57
    @Test func `any caller with a credential may read, and an anonymous caller may not`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let viewer = try database.member(of: team, as: .viewer, permissions: [])
        let key = try database.keyHolder(for: viewer, [.write], team: team)
        for caller in [viewer, key, .stranger(), .stranger(isOperator: true)] {
            #expect(database.refusal(of: AIHealth.self, "{}", as: caller) == nil)
        }
        #expect(database.refusal(of: AIHealth.self, "{}", as: nil) == "401 unauthenticated")
        #expect(database.refusal(of: AIHealth.self, #"{"probe":true}"#, as: viewer) == "422 validation_failed")
    }

    @Test func `an open breaker is listed with its remaining time, and then as open for a probe`() throws {
        let database = try TestDatabase()
        try database.rows(
            """
            UPDATE nofx.circuit_breakers
            SET state = 'open', open_until = clock_timestamp() + interval '90 seconds', failures = 5, total_opens = 3,
                last_error = 'ai_overloaded', last_failure_at = clock_timestamp(), generation = 7
            WHERE name = 'openai'
            """
        )
        let open = try database.health()[1]
        #expect(open["state"]?.string == "open")
        #expect(open["isRetryDue"]?.bool == false)
        #expect((1...90_000).contains(open["retryAfterMs"]?.integer ?? 0))
        #expect(open["failures"]?.integer == 5)
        #expect(open["generation"]?.integer == 7)
        #expect(open["lastError"]?.string == "ai_overloaded")
        #expect(open["lastFailureAt"]?.isNull == false)
        #expect(open["counters"]?["opens"]?.integer == 3)
        try database.rows("UPDATE nofx.circuit_breakers SET open_until = clock_timestamp() WHERE name = 'openai'")
        let due = try database.health()[1]
        #expect(due["state"]?.string == "open")
        #expect(due["isRetryDue"]?.bool == true)
        #expect(due["retryAfterMs"]?.integer == 0)
        #expect(try database.value("SELECT state FROM nofx.circuit_breakers WHERE name = 'openai'") == "open")
    }

    @Test func `a cool-down is listed for its duration`() throws {
        let database = try TestDatabase()
        try database.rows(
            """
            UPDATE nofx.circuit_breakers
            SET not_before = clock_timestamp() + interval '30 seconds', cooldown_reason = 'rate_limited'
            WHERE name = 'anthropic-ai'
            """
        )
        let gate = try #require(try database.health()[0]["gate"])
        #expect((1...30_000).contains(gate["notBeforeMs"]?.integer ?? 0))
        #expect(gate["reason"]?.string == "rate_limited")
        try database.rows("UPDATE nofx.circuit_breakers SET not_before = now() WHERE name = 'anthropic-ai'")
        #expect(try database.health()[0]["gate"]?.isNull == true)
    }

    @Test func `attempts, answers, rejections and rate limits of all processes are summed`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        var limited = team.attempt(1)
        limited.rateLimit = JSONText(trusted: Array(#"{"requests":{"remaining":7}}"#.utf8))
        try database.record(team.attempt(1), limited, team.attempt(0, outcome: "ai_overloaded"))
        try database.rows("SELECT nofx.count_circuit_rejection('openai') FROM generate_series(1, 4)")
        try database.rows(
            """
            INSERT INTO nofx.circuit_counters (name, shard, attempts, rejections, rate_limit, rate_limit_at)
            SELECT 'openai', s, 10, 1, '{"old":true}', now() - interval '1 day'
            FROM generate_series(20, 21) AS s
            """
        )
        let health = try database.health()[1]
        let counters = ["attempts", "successes", "failures", "rejections"].map { health["counters"]?[$0]?.integer }
        #expect(counters == [23, 2, 1, 6])
        #expect(health["rateLimit"]?["requests"]?["remaining"]?.integer == 7)
        #expect(health["rateLimitAt"]?.isNull == false)
        #expect(health["lastSuccessAt"]?.isNull == false)
    }

    @Test func `other breakers are listed after their first call`() throws {
        let database = try TestDatabase()
        try database.rows("INSERT INTO nofx.circuit_breakers (name, state) VALUES ('ollama.local/1', 'disabled')")
        let health = try database.health()
        #expect(health.map { $0["name"]?.string } == ["anthropic-ai", "ollama.local/1", "openai"])
        #expect(health[1]["state"]?.string == "disabled")
    }

    @Test func `keys and models are listed below their provider, which counts its keys that cannot be used`() throws {
        let database = try TestDatabase()
        try database.rows(
            """
            INSERT INTO nofx.circuit_breakers (name, state, last_error, not_before, cooldown_reason) VALUES
                ('openai@0a0a0a0a', 'refused', 'ai_auth_failed', NULL, NULL),
                ('openai@0b0b0b0b', 'closed', NULL, now() + interval '1 minute', 'quota_exhausted'),
                ('openai@0b0b0b0b/m', 'closed', NULL, now() + interval '1 minute', 'rate_limited'),
                ('openai/idle', 'closed', NULL, NULL, NULL),
                ('openai/m-broken', 'disabled', NULL, NULL, NULL)
            """
        )
        let health = try database.health()
        let levels = health.map { [$0["name"]?.string, $0["level"]?.string, $0["state"]?.string] }
        #expect(
            levels == [
                ["anthropic-ai", "provider", "closed"], ["openai", "provider", "closed"],
                ["openai/idle", "model", "closed"], ["openai/m-broken", "model", "disabled"],
                ["openai@0a0a0a0a", "key", "refused"], ["openai@0b0b0b0b", "key", "closed"],
                ["openai@0b0b0b0b/m", "limit", "closed"],
            ]
        )
        let openAI = health[1]
        #expect(openAI["refusedKeys"]?.integer == 1 && openAI["restingKeys"]?.integer == 1)
        #expect(health[0]["refusedKeys"]?.integer == 0 && health[2]["refusedKeys"]?.isNull == true)

        let families = try MetricFamily.parse(try database.call(AIHealth.self, "{}", as: .stranger()).text)
        let states = families.first { $0.name == "nofx_ai_breaker_state" }?.samples ?? []
        let refused = states.filter { $0.labels["state"] == "refused" && $0.value == 1 }.map { $0.labels["name"] }
        #expect(refused == ["openai@0a0a0a0a"])
        // Models that work have no metrics, because teams name them.
        #expect(!states.contains { $0.labels["name"] == "openai/idle" })
    }

    @Test func `a provider without a failure is listed after its first call`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        try database.record(team.attempt(1, provider: "groq", model: "m"))
        #expect(try database.health().map { $0["name"]?.string } == ["anthropic-ai", "groq", "openai"])
        #expect(try database.value("SELECT count(*) FROM nofx.circuit_breakers") == 2)
    }

    @Test func `Prometheus's own parser reads the metrics, and they equal the JSON`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        try database.record(team.attempt(1), team.attempt(0, outcome: "ai_overloaded"))
        try database.rows(
            """
            UPDATE nofx.circuit_breakers SET state = 'open', total_opens = 2,
                   open_until = clock_timestamp() + interval '90 seconds' WHERE name = 'openai'
            """
        )
        let families = try MetricFamily.parse(try database.call(AIHealth.self, "{}", as: .stranger()).text)
        let types = families.reduce(into: [:]) { $0[$1.name] = $1.type }
        #expect(
            types == [
                "nofx_ai_breaker_state": "gauge", "nofx_ai_breaker_opens": "counter",
                "nofx_ai_breaker_rejections": "counter", "nofx_ai_breaker_attempts": "counter",
                "nofx_ai_breaker_retry_after_seconds": "gauge",
            ]
        )
        #expect(families.allSatisfy { !$0.help.isEmpty })
        let samples = families.flatMap(\.samples)
        func value(_ name: String, _ labels: [String: String]) -> Double? {
            samples.first { $0.name == name && $0.labels == labels }?.value
        }
        for state in ["closed", "open", "half_open", "forced_open", "disabled", "metrics_only"] {
            let labels = ["name": "openai", "state": state]
            #expect(value("nofx_ai_breaker_state", labels) == (state == "open" ? 1 : 0))
            #expect(
                value("nofx_ai_breaker_state", ["name": "anthropic-ai", "state": state]) == (state == "closed" ? 1 : 0)
            )
        }
        #expect(value("nofx_ai_breaker_opens_total", ["name": "openai"]) == 2)
        #expect(value("nofx_ai_breaker_attempts_total", ["name": "openai"]) == 2)
        #expect(value("nofx_ai_breaker_attempts_total", ["name": "anthropic-ai"]) == 0)
        #expect(value("nofx_ai_breaker_rejections_total", ["name": "openai"]) == 0)
        #expect(value("nofx_ai_breaker_retry_after_seconds", ["name": "anthropic-ai"]) == 0)
        let wait = try #require(value("nofx_ai_breaker_retry_after_seconds", ["name": "openai"]))
        #expect(wait > 0 && wait <= 90)
        #expect(samples.count == 2 * (6 + 4))
    }

    // Cases: ai 57
    @Test func `the endpoint calls no provider and writes nothing`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        _ = try database.health(as: caller)
        let before = try database.everything()
        _ = try database.health(as: caller)
        #expect(try database.everything() == before)
    }
}

extension TestDatabase {
    /// All breakers in the endpoint's answer.
    fileprivate func health(as caller: Caller = .stranger()) throws -> [JSONValue] {
        let report = try call(AIHealth.self, "{}", as: caller)
        let breakers = try JSONDocument(parsing: report.jsonBytes).root["breakers"]
        return breakers.map { Array($0.elements) } ?? []
    }
}
