import Base
import Core
import FunctionRuntime
import Postgres
import TestSupport
import Testing

@testable import Teams
import Reliability
@testable import AI
@testable import nofx

@Suite struct ResetBreakerTests {
    private let operating = Caller.stranger(isOperator: true)

    // Cases: ai 58
    @Test func `one breaker is reset, the other is unchanged, and a second reset changes nothing`() throws {
        let database = try TestDatabase()
        for name in ["openai", "anthropic-ai"] { try database.breaker(name, .forceOpen) }
        let first = try database.reset(#"{"name":"openai"}"#, as: operating)
        #expect(first.count == 1)
        #expect(first[0]["name"]?.string == "openai")
        #expect(first[0]["changed"]?.bool == true)
        #expect(first[0]["before"]?["state"]?.string == "forced_open")
        #expect(first[0]["before"]?["generation"]?.integer == 1)
        #expect(first[0]["after"]?["state"]?.string == "closed")
        #expect(first[0]["after"]?["generation"]?.integer == 2)
        let second = try database.reset(#"{"name":"openai"}"#, as: operating)
        #expect(second[0]["changed"]?.bool == false)
        #expect(second[0]["before"]?.text == second[0]["after"]?.text)
        #expect(try database.state(of: "anthropic-ai") == "forced_open 1")
        #expect(try database.state(of: "openai") == "closed 2")
        #expect(
            try database.operatorActions() == ["breaker.reset openai \(operating.user) session forced_open closed"]
        )
    }

    @Test func `all breakers are reset at once, and each changed one is recorded`() throws {
        let database = try TestDatabase()
        try database.breaker("openai", .disable)
        try database.rows("INSERT INTO nofx.circuit_breakers (name, state) VALUES ('ollama', 'metrics_only')")
        let changes = try database.reset(#"{"all":true}"#, as: operating)
        #expect(changes.map { $0["name"]?.string } == ["anthropic-ai", "ollama", "openai"])
        #expect(changes.map { $0["changed"]?.bool } == [false, true, true])
        #expect(
            try database.operatorActions() == [
                "breaker.reset ollama \(operating.user) session metrics_only closed",
                "breaker.reset openai \(operating.user) session disabled closed",
            ]
        )
    }

    @Test func `a reset of a provider resets its keys and models, and one of a model resets it alone`() throws {
        let database = try TestDatabase()
        try database.rows(
            """
            INSERT INTO nofx.circuit_breakers (name, state) VALUES
                ('openai@0a0a0a0a', 'refused'), ('openai/m', 'forced_open'), ('openai/n', 'forced_open'),
                ('openai-2/m', 'forced_open')
            """
        )
        #expect(try database.reset(#"{"name":"openai/n"}"#, as: operating).map { $0["name"]?.string } == ["openai/n"])
        #expect(try database.state(of: "openai/m") == "forced_open 0")
        let changes = try database.reset(#"{"name":"openai"}"#, as: operating)
        #expect(
            changes.map { $0["name"]?.string } == ["openai", "openai/m", "openai/n", "openai@0a0a0a0a"]
        )
        #expect(changes.map { $0["changed"]?.bool } == [false, true, false, true])
        #expect(try database.state(of: "openai-2/m") == "forced_open 0")
    }

    @Test func `a model without a breaker can be forced open, and an unknown one cannot be reset`() throws {
        let database = try TestDatabase()
        let changes = try database.reset(#"{"name":"openai/Qwen/Qwen3:8b","action":"forceOpen"}"#, as: operating)
        #expect(changes[0]["after"]?["state"]?.string == "forced_open")
        for event in [
            #"{"name":"openai/typo"}"#, #"{"name":"gemini/m","action":"forceOpen"}"#,
            #"{"name":"openai/a b","action":"forceOpen"}"#, #"{"name":"openai/","action":"forceOpen"}"#,
        ] {
            #expect(throws: Problem.self) { try database.reset(event, as: operating) }
        }
    }

    @Test(arguments: [
        ("forceOpen", "forced_open"), ("disable", "disabled"), ("metricsOnly", "metrics_only"), ("enable", "closed"),
        ("reset", "closed"),
    ])
    func `an operator forces a breaker into a state and out of it`(action: String, state: String) throws {
        let database = try TestDatabase()
        try database.breaker("openai", action == "disable" ? .forceOpen : .disable)
        let event = #"{"name":"openai","action":"\#(action)"}"#
        let changes = try database.reset(event, as: operating)
        #expect(changes[0]["changed"]?.bool == (state != "disabled" || action == "disable"))
        #expect(try database.state(of: "openai") == "\(state) 2")
        #expect(try database.reset(event, as: operating)[0]["changed"]?.bool == false)
        #expect(try database.state(of: "openai") == "\(state) 2")
        try database.reset(#"{"name":"openai","action":"enable"}"#, as: operating)
        #expect(try database.state(of: "openai")?.hasPrefix("closed ") == true)
    }

    @Test func `enabling ends an operator's override and does not open a breaker that failures opened`() throws {
        let database = try TestDatabase()
        try database.rows(
            "UPDATE nofx.circuit_breakers SET state = 'open', open_until = now() + interval '1 hour' WHERE name = 'openai'"
        )
        let changes = try database.reset(#"{"name":"openai","action":"enable"}"#, as: operating)
        #expect(changes[0]["changed"]?.bool == false)
        #expect(try database.state(of: "openai") == "open 0")
    }

    @Test func `a reset ends the provider's cool-down`() throws {
        let database = try TestDatabase()
        try database.rows(
            """
            UPDATE nofx.circuit_breakers SET not_before = now() + interval '1 hour', cooldown_reason = 'quota_exhausted'
            WHERE name = 'openai'
            """
        )
        let changes = try database.reset(#"{"name":"openai"}"#, as: operating)
        #expect(changes[0]["before"]?["gate"]?.string == "quota_exhausted")
        #expect(changes[0]["after"]?["gate"]?.isNull == true)
        #expect(changes[0]["changed"]?.bool == true)
    }

    // Cases: ai 23
    @Test func `an outcome of a call from before a reset changes nothing`() throws {
        let database = try TestDatabase()
        let policy = try CircuitBreakerPolicy()
        var store = PostgresStores(Database(at: try ConnectionString(database.operatorURL)), log: .silent)
        store.answerLimit = .seconds(60)
        store.connectLimit = .seconds(60)
        try database.rows("UPDATE nofx.circuit_breakers SET failures = 4 WHERE name = 'openai'")
        guard case .permitted(let permit) = try store.acquire("openai", under: policy) else {
            Issue.record("the breaker is closed")
            return
        }
        try database.reset(#"{"name":"openai"}"#, as: operating)
        _ = try store.record(.failure(error: "ai_overloaded"), of: permit, under: policy)
        #expect(try database.state(of: "openai") == "closed 1")
        #expect(
            try database.value("SELECT failures FROM nofx.circuit_breakers WHERE name = 'openai'", as: Int.self) == 0
        )
    }

    @Test func `an unknown name is rejected with the known names, and creates no breaker`() throws {
        let database = try TestDatabase()
        for action in ["reset", "forceOpen"] {
            let problem = #expect(throws: Problem.self) {
                try database.reset(#"{"name":"gemini","action":"\#(action)"}"#, as: operating)
            }
            #expect(problem?.status == 404)
            #expect(problem?.code == "breaker_not_found")
            #expect(problem?.lists == ["known": ["anthropic-ai", "openai"]])
        }
        #expect(try database.value("SELECT count(*) FROM nofx.circuit_breakers") == 2)
        #expect(try database.operatorActions() == [])
    }

    @Test(arguments: [
        ("{}", ["name"]), (#"{"all":false}"#, ["name"]), (#"{"name":"openai","all":true}"#, ["all"]),
        (#"{"name":"","action":"open"}"#, ["action", "name"]), (#"{"name":7,"all":"yes"}"#, ["all", "name"]),
        (#"{"name":"openai","action":"force_open"}"#, ["action"]), (#"{"names":["openai"]}"#, ["names"]),
        (#"{"name":null}"#, ["name"]),
    ])
    func `an input must name exactly one breaker or all`(input: String, fields: [String]) throws {
        let database = try TestDatabase()
        let problem = #expect(throws: Problem.self) { try database.reset(input, as: operating) }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == fields)
    }

    // Cases: ai 58
    @Test func `a caller who is not an operator changes nothing and learns no name`() throws {
        let database = try TestDatabase()
        try database.breaker("openai", .forceOpen)
        let owner = Caller.stranger()
        _ = try database.team(of: owner)
        let key = try database.keyHolder(for: owner, .ofMembers)
        for (caller, refusal) in [(owner, "403 forbidden"), (key, "403 insufficient_scope")] {
            for input in [#"{"name":"openai"}"#, #"{"name":"gemini"}"#, #"{"all":true}"#] {
                #expect(database.refusal(of: ResetBreaker.self, input, as: caller) == refusal)
            }
        }
        #expect(database.refusal(of: ResetBreaker.self, #"{"all":true}"#, as: nil) == "401 unauthenticated")
        #expect(try database.state(of: "openai") == "forced_open 1")
        #expect(try database.operatorActions() == [])
    }

    @Test func `the record of an action has its origin and cannot be changed`() throws {
        let database = try TestDatabase()
        let key = try database.key(of: operating, "Ops", scopes: [.operations])
        try database.reset(#"{"name":"openai","action":"disable"}"#, as: database.caller(with: key.key.reveal()))
        let isComplete: Bool = try database.value(
            """
            SELECT credential = \("key:\(key.id)") AND request_id LIKE 'test-%' AND ip = '192.0.2.1'
                   AND user_agent = 'tests' AND before ->> 'generation' = '0' AND after ->> 'generation' = '1'
            FROM nofx.operator_actions
            """
        )
        #expect(isComplete)
        for change: Query in [
            "UPDATE nofx.operator_actions SET action = 'x'", "DELETE FROM nofx.operator_actions",
            "TRUNCATE nofx.operator_actions",
        ] {
            let error = #expect(throws: PostgresError.self) { try database.rows(change) }
            #expect(error?.state == .insufficientPrivilege)
        }
    }

    @Test func `32 concurrent resets make one change`() throws {
        let database = try TestDatabase()
        let outcomes = database.race(
            ResetBreaker.self,
            (0..<32).map {
                (
                    operating,
                    $0.isMultiple(of: 2)
                        ? #"{"all":true,"action":"forceOpen"}"# : #"{"name":"openai","action":"forceOpen"}"#
                )
            }
        )
        #expect(outcomes.tally() == ["ok": 32])
        #expect(try database.state(of: "openai") == "forced_open 1")
        #expect(try database.state(of: "anthropic-ai") == "forced_open 1")
        #expect(try database.operatorActions().count == 2)
    }

    @Test func `a call with an idempotency key is executed once and gets the same answer again`() throws {
        let database = try TestDatabase()
        try database.breaker("openai", .forceOpen)
        let answers = try (0..<2).map { _ in
            var context = try database.context(for: operating)
            let input = try JSONDocument(parsing: Array(#"{"name":"openai"}"#.utf8)).root
            let call = RepeatableCall(ResetBreaker.name, key: "k", input: input.text, team: nil)
            context.begin(call)
            do {
                let answer = JSONText(try ResetBreaker.respond(to: input, in: &context))
                try context.commit(answer: answer)
                return answer
            } catch is CallRepeated {
                context.rollBack()
                return try context.answer(of: call)
            }
        }
        #expect(answers[0] == answers[1])
        #expect(try database.operatorActions().count == 1)
    }
}

extension TestDatabase {
    /// The changes of breakers in the endpoint's answer.
    @discardableResult
    fileprivate func reset(_ input: String, as caller: Caller) throws -> [JSONValue] {
        let report = try call(ResetBreaker.self, input, as: caller)
        return try JSONDocument(parsing: report.jsonBytes).root["breakers"].map { Array($0.elements) } ?? []
    }

    /// A breaker's state and its generation.
    fileprivate func state(of breaker: String) throws -> String? {
        try value("SELECT state || ' ' || generation FROM nofx.circuit_breakers WHERE name = \(breaker)")
    }
}
