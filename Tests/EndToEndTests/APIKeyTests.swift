import Base
import Core
import Postgres
import TestSupport
import Testing

/// API keys in the headers of each kind of event, and on the command line.
struct APIKeyTests {
    private let input = #"{"name":"Acme"}"#

    @Test func `a new key is accepted in every kind of event and on the command line`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let made = try database.makeKey(as: subject)
        let (key, id) = (try #require(made["key"]?.string), try #require(made["id"]?.string))
        let function = try database.function("createTeam", environment: ["LOG_LEVEL": "warning"])

        for name in ["X-API-Key", "x-api-key"] {
            let outcome = try function.run(Events.envelope(input, headers: [name: key]))
            #expect(try outcome.json()["ownerId"]?.string == subject, "\(outcome)")
            #expect(outcome.errors.isEmpty)
        }
        for event in Events.allHTTP(input, headers: ["x-api-key": key]) {
            let answer = try function.run(event).json()
            #expect(answer["statusCode"]?.integer == 201)
            let body = try JSONDocument(parsing: answer["body"]?.stringBytes ?? []).root
            #expect(body["ownerId"]?.string == subject)
        }
        let direct = try TestFunction("createTeam", database: database.url, token: key).run(input)
        #expect(try direct.json()["ownerId"]?.string == subject)
        #expect(
            try database.value("SELECT count(*) FROM nofx.team_activity WHERE credential = \("key:\(id)")") == 9
        )
        #expect(try database.value("SELECT last_used_ip FROM nofx.api_keys", as: String?.self) == nil)
    }

    @Test func `the origin of a key's last use is recorded as the platform reports it`() throws {
        let database = try TestDatabase()
        let made = try database.makeKey(as: TestDatabase.newSubject())
        let headers = ["x-api-key": made["key"]?.string ?? "", "x-forwarded-for": "203.0.113.66"]
        _ = try database.function("listTeams").run(Events.v2("{}", headers: headers))

        #expect(try database.value("SELECT last_used_ip FROM nofx.api_keys") == "192.0.2.7")
    }

    // Cases: teams 148
    @Test func `a key is limited to its scopes, even if its user owns the team`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let team = try database.makeTeam(as: subject)
        let key = try #require(database.makeKey(as: subject, scopes: #"["read"]"#)["key"]?.string)
        func run(_ name: String, _ input: String) throws -> Subprocess.Outcome {
            try database.function(name).run(Events.envelope(input, headers: ["x-api-key": key]))
        }

        #expect(try run("getTeam", #"{"teamId":"\#(team)"}"#).status == 0)
        for (name, input) in [
            ("updateTeam", #"{"teamId":"\#(team)","name":"Zenith"}"#), ("deleteTeam", #"{"teamId":"\#(team)"}"#),
            ("createTeam", #"{"name":"Another"}"#),
        ] {
            let outcome = try run(name, input)
            try expectProblem(outcome, 403, "insufficient_scope", exit: 77)
            let line = try #require(outcome.log("authz.denied").first)
            #expect(line["reason"]?.string == "scope")
            #expect(line["credential"]?.string?.hasPrefix("key:") == true)
        }
        try expectProblem(
            try run("createApiKey", #"{"name":"Another","scopes":["read"]}"#),
            403,
            "session_required",
            exit: 77
        )
        #expect(try database.value("SELECT sum(hits)::int FROM nofx.security_events WHERE reason = 'scope'") == 3)
    }

    // Cases: teams 149
    @Test func `a key for one team finds no other team`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let (mine, other) = (try database.makeTeam(as: subject), try database.makeTeam(as: subject))
        let key = try #require(database.makeKey(as: subject, team: mine)["key"]?.string)
        func run(_ team: String) throws -> Subprocess.Outcome {
            try TestFunction("getTeam", database: database.url, token: key).run(#"{"teamId":"\#(team)"}"#)
        }

        #expect(try run(mine).status == 0)
        try expectProblem(try run(other), 404, "team_not_found", exit: 66)
    }

    // Cases: teams 150
    @Test func `a revoked key, an unknown key and a malformed one get the same answer`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let made = try database.makeKey(as: subject)
        let (key, id) = (try #require(made["key"]?.string), try #require(made["id"]?.string))
        let revoked = try database.function("revokeApiKey", as: subject).run(#"{"keyId":"\#(id)"}"#)
        #expect(try revoked.json()["revokedAt"]?.string != nil)

        var bodies: Set<String> = []
        for text in [key, APIKey.make(for: .live).text, APIKey.make(for: .test).text, "nofx_junk", "junk", ""] {
            let outcome = try database.function("createTeam").run(Events.v2(input, headers: ["x-api-key": text]))
            let answer = try outcome.json()
            #expect(answer["statusCode"]?.integer == 401)
            #expect(answer["headers"]?["www-authenticate"]?.string == #"Bearer error="invalid_token""#)
            #expect(try outcome.log("key.refused").count == 1)
            #expect(text.utf8.count < 50 || !outcome.errors.contains(text.suffix(49).prefix(43)))
            bodies.insert(answer["body"]?.string ?? "")
        }
        // The platform sets the request id, which is the same in all of these calls.
        #expect(bodies.count == 1)
        #expect(try database.value("SELECT count(*) FROM nofx.teams") == 0)
    }

    @Test func `without a database a well-formed key gets 503, and a malformed one still gets 401`() throws {
        let url = "host=127.0.0.1 port=1 user=u"
        let good = TestFunction("listTeams", database: url, token: APIKey.make(for: .live).text)
        let garbage = TestFunction("listTeams", database: url, token: "nofx_live_x")

        try expectProblem(try good.run("{}"), 503, "unavailable", exit: 75)
        try expectProblem(try garbage.run("{}"), 401, "invalid_api_key", exit: 77)
    }

    @Test func `the live environment rejects a key of the test environment`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let test = ["NOFX_ENVIRONMENT": "test"]
        let made = try database.function("createApiKey", as: subject, environment: test)
            .run(#"{"name":"CI","scopes":["read"]}"#).json()
        let key = try #require(made["key"]?.string)
        let event = Events.envelope("{}", headers: ["x-api-key": key])

        #expect(key.hasPrefix("nofx_test_"))
        #expect(try database.function("listTeams", environment: test).run(event).status == 0)
        try expectProblem(try database.function("listTeams").run(event), 401, "invalid_api_key", exit: 77)
    }

    @Test func `a key and a token together are ambiguous`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let key = try #require(database.makeKey(as: subject)["key"]?.string)
        let headers = ["x-api-key": key, "authorization": "Bearer \(try TestFunction.token(for: subject))"]
        let outcome = try database.function("listTeams").run(Events.envelope("{}", headers: headers))

        try expectProblem(outcome, 401, "ambiguous_credentials", exit: 77)
    }

    @Test func `32 processes use one key concurrently`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let team = try database.makeTeam(as: subject)
        let key = try #require(database.makeKey(as: subject)["key"]?.string)
        let environment = ["LOG_LEVEL": "warning"]
        let function = TestFunction("getTeam", database: database.url, token: key, environment: environment)
        let outcomes = try runConcurrently(32) { _, barrier in
            let process = try function.start()
            barrier()
            return process.finish(Array(#"{"teamId":"\#(team)"}"#.utf8))
        }

        #expect(outcomes.allSatisfy { $0.status == 0 && $0.errors.isEmpty }, "\(outcomes)")
        #expect(try database.value("SELECT count(last_used_at) FROM nofx.api_keys") == 1)
    }

    @Test func `a key is shown once, even if the creating call is repeated`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let headers = [
            "authorization": "Bearer \(try TestFunction.token(for: subject))", "idempotency-key": "make-the-key",
        ]
        let event = Events.envelope(#"{"name":"CI","scopes":["read"]}"#, headers: headers)
        let function = try database.function("createApiKey")
        let (first, second) = (try function.run(event), try function.run(event))
        let listed = try database.function("listApiKeys", as: subject).run("{}")
        let key = try #require(first.json()["key"]?.string)
        let secret = String(key.suffix(49).prefix(43))

        #expect(try second.json()["id"]?.string == first.json()["id"]?.string)
        #expect(try second.json()["key"]?.isNull == true)
        #expect(try listed.json()["items"]?.count == 1)
        for outcome in [first, second, listed] { #expect(!outcome.errors.contains(secret)) }
        for outcome in [second, listed] { #expect(!outcome.output.contains(secret)) }
        #expect(try database.tables(with: secret).isEmpty)
        #expect(try database.tables(with: "CI").contains("api_keys"))
    }
}

extension TestDatabase {
    /// Creates an API key and returns the answer.
    fileprivate func makeKey(
        as subject: String,
        scopes: String = #"["read","write","delete","admin"]"#,
        team: String? = nil
    ) throws -> JSONValue {
        let team = team.map { #","teamId":"\#($0)""# } ?? ""
        let outcome = try function("createApiKey", as: subject).run(#"{"name":"CI","scopes":\#(scopes)\#(team)}"#)
        return try outcome.json()
    }

    /// The tables that contain a text in any column.
    fileprivate func tables(with text: String) throws -> [String] {
        try value(
            """
            SELECT coalesce(array_agg(t.tablename::text), '{}') FROM pg_tables t
            CROSS JOIN LATERAL query_to_xml(format('SELECT * FROM nofx.%I', t.tablename), true, false, '') AS x
            WHERE t.schemaname = 'nofx' AND x::text LIKE '%' || \(text) || '%'
            """
        )
    }
}
