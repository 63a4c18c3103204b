import Base
import Postgres
import TestSupport
import Testing

/// Circuit breakers, for metric scrapers and operators.
struct OperationsTests {
    /// Events without a body, as each kind of gateway sends them for a GET.
    private static func gets(_ headers: [String: String]) -> [String] {
        Events.allHTTP("", headers: headers).map {
            $0.replacing(#""method":"POST""#, with: #""method":"GET""#)
                .replacing(#""httpMethod":"POST""#, with: #""httpMethod":"GET""#)
        }
    }

    /// The `Accept` header of Prometheus.
    private static let prometheus = """
        application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
        text/plain;version=0.0.4;q=0.3,*/*;q=0.1
        """

    @Test func `a scraper's GET gets metrics with every kind of gateway`() throws {
        let database = try TestDatabase()
        let bearer = "Bearer \(Tokens.signed())"
        for event in Self.gets(["authorization": bearer, "accept": Self.prometheus]) {
            let answer = try database.function("aiHealth").run(event).json()
            #expect(answer["statusCode"]?.integer == 200)
            let headers = answer["headers"] ?? answer["multiValueHeaders"]
            let type = try #require(headers?["content-type"])
            #expect(
                (type.string ?? type.elements.map { $0 }.first?.string) == "text/plain; version=0.0.4; charset=utf-8"
            )
            let families = try MetricFamily.parse(try #require(answer["body"]?.string))
            #expect(families.count == 5)
        }
        for event in Self.gets(["authorization": bearer]) {
            let body = try database.function("aiHealth").run(event).json().answer()
            #expect(body["breakers"]?.count == 2)
        }
    }

    @Test func `on standard output the metrics are plain text`() throws {
        let database = try TestDatabase()
        let headers = ["authorization": "Bearer \(Tokens.signed())", "accept": "text/plain"]
        let outcome = try database.function("aiHealth").run(Events.envelope("{}", headers: headers))
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("# HELP nofx_ai_breaker_state "))
        #expect(outcome.output.hasSuffix("}") == false && outcome.output.hasSuffix("\n\n") == false)
        #expect(try MetricFamily.parse(outcome.output).count == 5)
    }

    @Test func `a scraper without a credential is rejected, and other functions reject GET`() throws {
        let database = try TestDatabase.untouched()
        for event in Self.gets([:]) {
            #expect(try database.function("aiHealth").run(event).json()["statusCode"]?.integer == 401)
            #expect(try database.function("listTeams").run(event).json()["statusCode"]?.integer == 405)
        }
    }

    @Test func `a development token has operator rights if its scope says so`() throws {
        let database = try TestDatabase()
        let event = #"{"name":"openai","action":"forceOpen"}"#
        for (arguments, status) in [(["--scope", "admin:ops"], Int32(0)), ([], 77), (["--scope", "read"], 77)] {
            let issuing = try TestFunction(tool: "issueToken", database: nil).start(["--subject", "ada"] + arguments)
                .finish()
            #expect(issuing.status == 0)
            let token = String(issuing.output.dropLast())
            let outcome = try TestFunction("resetBreaker", database: database.url, token: token).run(event)
            #expect(outcome.status == status, "\(outcome)")
        }
        let wrong = try TestFunction(tool: "issueToken", database: nil).start(["--subject", "ada", "--scope", "é"])
            .finish()
        #expect(wrong.status == 64)
        #expect(wrong.output.isEmpty)
    }

    @Test func `all processes see an operator's change, and a repeated call is executed once`() throws {
        let database = try TestDatabase()
        let token = try TestFunction.token(for: Tokens.subject, scopes: ["admin:ops"])
        let headers = ["authorization": "Bearer \(token)", "idempotency-key": "k"]
        let event = Events.v2(#"{"all":true,"action":"disable"}"#, headers: headers)
        let answers = try (0..<2).map { _ in try database.function("resetBreaker").run(event).json() }
        #expect(answers.allSatisfy { $0["statusCode"]?.integer == 200 })
        #expect(answers[0]["body"]?.string == answers[1]["body"]?.string)
        #expect(answers[1]["headers"]?["idempotency-replayed"]?.string == "true")
        let health = try TestFunction("aiHealth", database: database.url, token: Tokens.signed()).run("{}").json()
        #expect(health["breakers"]?.elements.map { $0["state"]?.string } == ["disabled", "disabled"])
        #expect(try database.value("SELECT count(*) FROM nofx.operator_actions") == 2)
    }

    @Test func `an unknown breaker name is rejected with the list of known names`() throws {
        let database = try TestDatabase()
        let token = try TestFunction.token(for: Tokens.subject, scopes: ["admin:ops"])
        let outcome = try TestFunction("resetBreaker", database: database.url, token: token).run(#"{"name":"gemini"}"#)
        try expectProblem(outcome, 404, "breaker_not_found", exit: 66)
        #expect(try outcome.json()["known"]?.elements.map(\.string) == ["anthropic-ai", "openai"])
    }

    @Test func `a refused operator call is recorded without a team`() throws {
        let database = try TestDatabase()
        let outcome = try database.function("resetBreaker", as: Tokens.subject).run(#"{"all":true}"#)
        try expectProblem(outcome, 403, "forbidden", exit: 77)
        #expect(try outcome.json()["requiredPermission"]?.string == "admin:ops")
        let events: [String] = try database.value(
            "SELECT array_agg(concat_ws(' ', team_id, action, reason)) FROM nofx.security_events"
        )
        #expect(events == [" breaker.reset missing_permission"])
    }
}
