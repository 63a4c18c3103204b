import Base
import Postgres
import TestSupport
import Testing

/// The events of API Gateway, function URLs and load balancers, through standard input.
struct HTTPEventTests {
    private let input = #"{"name":"Acme"}"#

    // Cases: faas 24, 41
    @Test func `every HTTP event form creates a team and gets a 201 in its own form`() throws {
        let database = try TestDatabase()
        let headers = ["authorization": "Bearer \(Tokens.signed())", "content-type": "application/json"]
        for event in Events.allHTTP(input, headers: headers) {
            let outcome = try database.function("createTeam").run(event)
            let answer = try outcome.json()
            #expect(outcome.status == 0)
            #expect(outcome.output.hasPrefix(#"{"statusCode":201,"#))
            #expect(try body(answer)["ownerId"]?.string == Tokens.subject)
            #expect(answer["isBase64Encoded"]?.bool == false)
        }
        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 6)
    }

    @Test func `the audit trail has the platform's request id, address and user agent`() throws {
        let database = try TestDatabase()
        let headers = [
            "authorization": "Bearer \(Tokens.signed())", "user-agent": "curl/8", "x-forwarded-for": "203.0.113.66",
        ]
        _ = try database.function("createTeam").run(Events.v2(input, headers: headers))
        let rows = try database.rows("SELECT request_id, ip, user_agent, credential FROM nofx.team_activity")
        let row = try #require(rows.first)

        #expect(try row["request_id"] as String == "JKJaXmPLvHcESHA=")
        #expect(try row["ip"] as String == "192.0.2.7")
        #expect(try row["user_agent"] as String == "curl/8")
        #expect(try row["credential"] as String == "session")
    }

    // Cases: teams 154
    @Test func `an error is an HTTP response, and the process exits with 0`() throws {
        let database = try TestDatabase.untouched()
        let bearer = ["authorization": "Bearer \(Tokens.signed())"]
        for (index, plain) in Events.allHTTP("{}").enumerated() {
            try expect(401, "unauthenticated", try database.function("createTeam").run(plain))
            for (input, status, code) in [
                ("{}", 422, "validation_failed"), ("{", 400, "malformed_json"), ("", 400, "malformed_json"),
                (#"{"name":"a","name":"b"}"#, 400, "malformed_json"),
                ("\"" + String(repeating: "x", count: 1 << 20) + "\"", 413, "payload_too_large"),
            ] {
                let event = Events.allHTTP(input, headers: bearer)[index]
                try expect(status, code, try database.function("createTeam").run(event))
            }
        }
        #expect(try database.rowCount() == 0)
    }

    // Cases: faas 32
    @Test func `an invalid base64 body is a client error in the event's form`() throws {
        let database = try TestDatabase.untouched()
        let headers = #"{"authorization":"Bearer \#(Tokens.signed())"}"#
        for context in [
            #""version":"2.0","headers":\#(headers),"requestContext":{"http":{"method":"POST"}}"#,
            #""httpMethod":"POST","headers":\#(headers),"requestContext":{}"#,
            #""httpMethod":"POST","headers":\#(headers),"requestContext":{"elb":{}}"#,
        ] {
            let event = #"{\#(context),"body":"!!","isBase64Encoded":true}"#
            try expect(400, "malformed_json", try database.function("createTeam").run(event))
        }
    }

    @Test func `only POST is accepted`() throws {
        for method in ["GET", "PUT", "head", "post"] {
            let event = #"{"version":"2.0","requestContext":{"http":{"method":"\#(method)"}},"body":"{}"}"#
            let outcome = try TestDatabase.untouched().function("createTeam").run(event)
            try expect(405, "method_not_allowed", outcome)
            #expect(try outcome.json()["headers"]?["allow"]?.string == "POST")
        }
    }

    @Test func `a database outage is 503 with Retry-After`() throws {
        let event = Events.v2(input, headers: ["authorization": "Bearer \(Tokens.signed())"])
        let outcome = try TestFunction("createTeam", database: "host=127.0.0.1 port=1 user=u").run(event)

        try expect(503, "unavailable", outcome)
        #expect(try outcome.json()["headers"]?["retry-after"]?.string == "1")
    }

    @Test func `claims of an authorizer are accepted only on Lambda`() throws {
        let event = """
            {"version":"2.0","requestContext":{"http":{"method":"POST"},"authorizer":{"jwt":{"claims":
             {"iss":"\(TestFunction.issuer)","aud":"\(TestFunction.audience)","sub":"x","exp":"9999999999"}}}},"body":"{}"}
            """
        let function = try TestDatabase.untouched().function("createTeam", environment: ["NOFX_TRUST_AUTHORIZER": "1"])

        try expect(401, "unauthenticated", try function.run(event))
    }

    // Cases: teams 154
    @Test func `the body repeats the HTTP status for every error`() throws {
        let database = try TestDatabase()
        let (owner, viewer) = (TestDatabase.newSubject(), TestDatabase.newSubject())
        let team = try database.makeTeam(as: owner)
        try database.add(viewer, to: team, as: "viewer")
        let change = #"{"teamId":"\#(team)","name":"New","ifVersion":7}"#
        let one = ["NOFX_WRITES_PER_MINUTE": "1", "NOFX_WRITE_BURST": "1"]
        func run(_ name: String, _ input: String, _ user: String, limited: Bool = false) throws -> Subprocess.Outcome {
            let headers = ["authorization": "Bearer \(try TestFunction.token(for: user))"]
            return try database.function(name, environment: limited ? one : [:]).run(Events.v2(input, headers: headers))
        }

        try expect(403, "forbidden", run("updateTeam", change, viewer))
        try expect(404, "team_not_found", run("updateTeam", change, TestDatabase.newSubject()))
        try expect(409, "version_conflict", run("updateTeam", change, owner))
        #expect(try run("createTeam", input, viewer, limited: true).json()["statusCode"]?.integer == 201)
        let limited = try run("createTeam", input, viewer, limited: true)
        try expect(429, "rate_limited", limited)
        let seconds = try body(limited.json())["retryAfter"]?.integer
        #expect(try limited.json()["headers"]?["retry-after"]?.string == seconds.map(String.init))
        try database.rows("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$")
        try database.rows("CREATE TRIGGER fail BEFORE INSERT ON nofx.teams FOR EACH ROW EXECUTE FUNCTION fail()")
        try expect(500, "internal", run("createTeam", input, owner))
        try database.rows("DROP SCHEMA nofx CASCADE")
        try expect(503, "database_not_migrated", run("createTeam", input, owner))
    }

    // Cases: teams 44
    @Test func `a team id in the path, the query or path parameters has no effect`() throws {
        let database = try TestDatabase()
        let (team, other) = (
            try database.makeTeam("Mine", as: Tokens.subject), try database.makeTeam("Other", as: Tokens.subject)
        )
        let parameters = #"{"teamId":"\#(other)"}"#
        for inBody in [true, false] {
            let plain = Events.v2(
                inBody ? #"{"teamId":"\#(team)"}"# : "{}",
                headers: ["authorization": "Bearer \(Tokens.signed())"]
            )
            let event = plain.replacing(#""rawPath":"/""#, with: #""rawPath":"/teams/\#(other)""#)
                .replacing(
                    #""rawQueryString":"""#,
                    with: """
                        "rawQueryString":"teamId=\(other)","queryStringParameters":\(parameters),
                         "pathParameters":\(parameters)
                        """
                )
            #expect(event.contains("/teams/") && event.contains("pathParameters"))
            let outcome = try database.function("getTeam").run(event)
            if inBody {
                #expect(try body(outcome.json())["id"]?.string == team)
            } else {
                try expect(422, "validation_failed", outcome)
            }
        }
    }

    // Cases: faas 39
    @Test func `an event inside the body is treated as a body`() throws {
        let inner = Events.v2(input, headers: ["authorization": "Bearer \(Tokens.signed())"])
        try expect(401, "unauthenticated", try TestDatabase.untouched().function("createTeam").run(Events.v2(inner)))
    }

    private func expect(
        _ status: Int,
        _ code: String,
        _ outcome: Subprocess.Outcome,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let answer = try outcome.json()
        #expect(outcome.status == 0, sourceLocation: sourceLocation)
        #expect(answer["statusCode"]?.integer == status, "\(outcome)", sourceLocation: sourceLocation)
        expectProblem(try body(answer), status, code, sourceLocation: sourceLocation)
        let headers = try #require(answer["headers"] ?? answer["multiValueHeaders"], sourceLocation: sourceLocation)
        let type = headers["content-type"]
        #expect((type?.string ?? type?.elements.first { _ in true }?.string) == "application/problem+json")
        try expectNoInternals(outcome, sourceLocation: sourceLocation)
    }

    private func body(_ answer: JSONValue) throws -> JSONValue {
        try JSONDocument(parsing: answer["body"]?.stringBytes ?? []).root
    }
}
