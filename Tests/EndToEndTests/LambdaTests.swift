import Base
import Postgres
import TestSupport
import Testing

/// The same executables in AWS Lambda.
struct LambdaTests {
    private let input = #"{"name":"Acme"}"#
    private let headers = ["authorization": "Bearer \(Tokens.signed())"]

    // Cases: faas 1
    @Test func `a thousand events use one connection, and another one after the API restarts`() throws {
        let database = try TestDatabase()
        let team = try database.makeTeam(as: Tokens.subject)
        let event = Events.v2(#"{"teamId":"\#(team)"}"#, headers: headers)
        let outcome = try LambdaPlatform.run({ database.function("getTeam", on: $0) }) { lambda in
            for _ in 0..<1_000 { try lambda.send(event) }
            let results = try lambda.results(1_000)
            #expect(results.allSatisfy { $0["kind"]?.string == "response" && $0["status"]?.integer == 202 })
            #expect(results.allSatisfy { $0["body"]?.string?.hasPrefix(#"{"statusCode":200,"#) == true })
            #expect(try lambda.summary()["connections"]?.integer == 1)

            try lambda.restart()
            for _ in 0..<10 { try lambda.send(event) }
            #expect(try lambda.results(1_010).allSatisfy { $0["kind"]?.string == "response" })
            #expect(try lambda.summary()["connections"]?.integer == 2)
            #expect(try lambda.summary()["faults"]?.count == 0)
        }

        try expectNoInternals(outcome)
        #expect(outcome.output.isEmpty)
    }

    @Test func `a team is created, and one database connection serves many events`() throws {
        let database = try TestDatabase()
        try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            for _ in 0..<20 { try lambda.send(Events.v2(input, headers: headers)) }
            let bodies = try lambda.results(20).map { $0["body"]?.string ?? "" }
            #expect(bodies.allSatisfy { $0.hasPrefix(#"{"statusCode":201,"#) }, "\(bodies)")
            #expect(try database.functionSessions() == 1)

            try lambda.send(Events.v2(input, headers: headers))
            let refused = try lambda.results(21)[20].answer()
            #expect(refused["statusCode"]?.integer == 403)
        }

        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 20)
    }

    // Cases: faas 17
    @Test func `a failed direct event is a function error that contains the problem`() throws {
        let database = try TestDatabase.untouched()
        try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            try lambda.send(input)
            try lambda.send("{")
            try lambda.send(Events.envelope("{}", headers: headers))
            let results = try lambda.results(3)

            #expect(results.map { $0["kind"]?.string } == ["error", "error", "error"])
            #expect(
                results.map { $0["type"]?.string } == [
                    "Function.Unauthenticated", "Function.MalformedJson", "Function.ValidationFailed",
                ]
            )
            for (result, status) in zip(results, [401, 400, 422]) {
                let problem = try JSONDocument(parsing: result["body"]?.stringBytes ?? []).root
                #expect(problem["status"]?.integer == status)
                #expect(problem["errorType"]?.string == result["type"]?.string)
                #expect(problem["errorMessage"]?.string?.isEmpty == false)
                #expect(problem["requestId"]?.string == result["id"]?.string)
            }
            #expect(try lambda.summary()["faults"]?.count == 0)
        }
        #expect(try database.rowCount() == 0)
    }

    @Test func `NOFX_TOKEN is not a credential in Lambda`() throws {
        let database = try TestDatabase.untouched()
        let token = Tokens.signed()
        try LambdaPlatform.run(
            { TestFunction("createTeam", database: database.url, token: token, environment: $0) }
        ) { lambda in
            try lambda.send(input)
            #expect(try lambda.results(1).first?["type"]?.string == "Function.Unauthenticated")
        }
    }

    @Test func `a failed HTTP event is a response, not a function error`() throws {
        let database = try TestDatabase.untouched()
        try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            let events = Events.allHTTP(input) + Events.allHTTP("{}", headers: headers)
            for event in events { try lambda.send(event) }
            let results = try lambda.results(events.count)

            #expect(results.allSatisfy { $0["kind"]?.string == "response" })
            #expect(
                try results.map { try $0.answer()["statusCode"]?.integer }
                    == Array(repeating: 401, count: 6) + Array(repeating: 422, count: 6)
            )
        }
    }

    // Cases: faas 22
    @Test func `claims of an authorizer are accepted if the operator enables it`() throws {
        let database = try TestDatabase()
        let event = """
            {"version":"2.0","requestContext":{"http":{"method":"POST"},"authorizer":{"jwt":{"claims":
             {"iss":"\(TestFunction.issuer)","aud":"\(TestFunction.audience)","sub":"\(Tokens.subject)","exp":"9999999999"}}}},
             "body":"{\\"name\\":\\"Acme\\"}"}
            """
        for (trust, status) in [("", 401), ("0", 401), ("1", 201)] {
            try LambdaPlatform.run({ database.function("createTeam", on: $0, ["NOFX_TRUST_AUTHORIZER": trust]) }) {
                lambda in
                try lambda.send(event)
                #expect(try lambda.results(1)[0].answer()["statusCode"]?.integer == status)
            }
        }
    }

    @Test func `the platform's trace id and request id are in the log and the answer`() throws {
        let database = try TestDatabase.untouched()
        var ids: [String] = []
        let outcome = try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            let root = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
            let event = Events.v2(input, headers: ["authorization": "Bearer x"])
            ids.append(try lambda.send(event, headers: [("Lambda-Runtime-Trace-Id", root)]))
            ids.append(try lambda.send(event, headers: [("Lambda-Runtime-Trace-Id", "-")]))
            #expect(try lambda.results(2).map { try $0.answer()["headers"]?["x-request-id"]?.string } == ids)
        }
        let lines = try outcome.log("token.refused")

        #expect(lines.map { $0["requestId"]?.string } == ids)
        #expect(lines.map { $0["traceId"]?.string } == ["5bef4de7ad49b0e87f6ef6c87fc2e700", nil])
    }

    // Cases: faas 2
    @Test func `an event that arrives in small pieces is read as one`() throws {
        let database = try TestDatabase()
        try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            try lambda.send(Events.v2(input, headers: headers), headers: [("X-Chunk", "7")])
            #expect(try lambda.results(1)[0].answer()["statusCode"]?.integer == 201)
        }
    }

    @Test func `a denial is recorded before the answer, because the process may be frozen afterwards`() throws {
        let database = try TestDatabase()
        let team = try database.makeTeam(as: TestDatabase.newSubject())
        try LambdaPlatform.run({ database.function("deleteTeam", on: $0) }) { lambda in
            try lambda.send(Events.v2(#"{"teamId":"\#(team)"}"#, headers: headers))
            #expect(try lambda.results(1)[0].answer()["statusCode"]?.integer == 404)
            #expect(try database.value("SELECT count(*) FROM nofx.security_events", as: Int.self) == 1)
        }
    }

    @Test func `migrate accepts a direct invocation and rejects a web event`() throws {
        let database = try TestDatabase(migrated: false)
        // A busy machine needs long for the whole schema.
        let variables = ["NOFX_TIMEOUT_MS": "60000"]
        let make = { (platform: [String: String]) in
            TestFunction("migrate", database: database.ownerURL, environment: variables.merging(platform) { $1 })
        }
        try LambdaPlatform.run(make) { lambda in
            try lambda.send(Events.v2("{}", headers: headers))
            try lambda.send("{}", headers: [("Lambda-Runtime-Deadline-Ms", "-")])
            let results = try lambda.results(2)
            #expect(try results[0].answer()["statusCode"]?.integer == 403)
            #expect(results[1]["kind"]?.string == "response")
            #expect(try results[1].answer()["applied"]?.count ?? 0 > 0)
        }
    }
}
