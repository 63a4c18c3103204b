import Base
import Postgres
import TestSupport
import Testing

/// The keys that the schema's owner makes for operators, so that no issuer of tokens is needed.
struct FirstOperatorTests {
    /// Runs createOperatorKey as a role.
    private func create(_ input: String, as url: String) throws -> Subprocess.Outcome {
        try TestFunction("createOperatorKey", database: url).run(input)
    }

    private func run(
        _ name: String,
        _ input: String,
        _ key: String,
        _ database: TestDatabase
    ) throws
        -> Subprocess.Outcome
    {
        try TestFunction(name, database: database.url, token: key).run(input)
    }

    @Test func `the key of the first operator works where an operator is needed, and nowhere else`() throws {
        let database = try TestDatabase()
        let made = try create(#"{"operator":"ada","name":"laptop","expiresInDays":7}"#, as: database.ownerURL)
        #expect(made.status == 0, "\(made)")
        let key = try #require(try made.json()["key"]?.string)
        #expect(try made.json()["scopes"]?.elements.map(\.string) == ["read", "admin", "admin:ops"])
        #expect(!made.errors.contains(key))

        let team = try database.makeTeam(as: TestDatabase.newSubject())
        for (name, input) in [
            ("queueStats", "{}"), ("listDeadLetters", "{}"), ("redriveDeadLetters", "{}"),
            ("resetBreaker", #"{"name":"openai","action":"forceOpen"}"#),
            ("setToolPolicy", #"{"teamId":"\#(team)","tools":["test:echo"]}"#),
            ("setAiBudget", #"{"teamId":"\#(team)","dailyUsd":"1"}"#),
        ] {
            let outcome = try run(name, input, key, database)
            #expect(outcome.status == 0, "\(name): \(outcome)")
        }
        for (name, input, code) in [
            ("createTeam", #"{"name":"Acme"}"#, "insufficient_scope"),
            ("createApiKey", #"{"name":"More","scopes":["admin:ops"]}"#, "session_required"),
            ("getTeam", #"{"teamId":"\#(team)"}"#, "team_not_found"),
        ] {
            #expect(try run(name, input, key, database).json()["code"]?.string == code)
        }
    }

    @Test func `the operator lists and revokes the keys, and the owner replaces them`() throws {
        let database = try TestDatabase()
        func make(_ name: String, _ more: String = "") throws -> (id: String, key: String) {
            let made = try create(#"{"operator":"ada","name":"\#(name)"\#(more)}"#, as: database.ownerURL).json()
            return (try #require(made["id"]?.string), try #require(made["key"]?.string))
        }
        let (one, two) = (try make("one"), try make("two"))
        let listed = try run("listApiKeys", "{}", two.key, database).json()
        #expect(listed["items"]?.elements.map { $0["id"]?.string } == [two.id, one.id])

        #expect(try run("revokeApiKey", #"{"keyId":"\#(one.id)"}"#, two.key, database).status == 0)
        #expect(try run("queueStats", "{}", one.key, database).json()["code"]?.string == "invalid_api_key")
        let taken = try create(#"{"operator":"ada","name":"two"}"#, as: database.ownerURL)
        try expectProblem(taken, 409, "key_name_taken", exit: 73)

        let three = try make("two", #","revokeOthers":true"#)
        #expect(try run("queueStats", "{}", two.key, database).json()["code"]?.string == "invalid_api_key")
        #expect(try run("queueStats", "{}", three.key, database).status == 0)
        let trail: [String] = try database.value(
            "SELECT array_agg(concat_ws(' ', action, subject, credential) ORDER BY id) FROM nofx.operator_actions"
        )
        let role: String = try database.value("SELECT 'role:' || current_user")
        #expect(
            trail == [
                "operator_key.created \(one.id) \(role)", "operator_key.created \(two.id) \(role)",
                "operator_key.revoked \(two.id) \(role)", "operator_key.created \(three.id) \(role)",
            ]
        )
        // Another operator's keys are another operator's.
        let other = try create(#"{"operator":"bob","name":"two","revokeOthers":true}"#, as: database.ownerURL).json()
        let key = try #require(other["key"]?.string)
        #expect(try run("listApiKeys", "{}", key, database).json()["items"]?.count == 1)
        #expect(try run("queueStats", "{}", three.key, database).status == 0)
    }

    @Test func `an expired key leaves its name free`() throws {
        let database = try TestDatabase()
        let input = #"{"operator":"ada","name":"laptop"}"#
        #expect(try create(input, as: database.ownerURL).status == 0)
        try database.rows("UPDATE nofx.api_keys SET expires_at = now() - interval '1 s', created_at = '2020-01-01'")
        #expect(try create(input, as: database.ownerURL).status == 0)
    }

    @Test func `only the owner of the schema makes such a key, and never over the web`() throws {
        let database = try TestDatabase()
        let input = #"{"operator":"ada","name":"laptop"}"#
        for url in [database.url, database.operatorURL] {
            try expectProblem(try create(input, as: url), 503, "misconfigured", exit: 78)
        }
        let web = try create(Events.v2(input), as: database.ownerURL)
        #expect(try web.json()["statusCode"]?.integer == 403)
        for input in ["{}", #"{"operator":"","name":"x"}"#, #"{"operator":"ada","name":"x","expiresInDays":0}"#] {
            try expectProblem(try create(input, as: database.ownerURL), 422, "validation_failed", exit: 65)
        }
        #expect(try database.value("SELECT count(*) FROM nofx.api_keys", as: Int.self) == 0)
    }
}
