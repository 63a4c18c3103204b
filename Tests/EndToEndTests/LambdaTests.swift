import Base
import Postgres
import TestSupport
import Testing

/// The same executables in AWS Lambda.
struct LambdaTests {
    private let input = #"{"name":"Acme"}"#
    private let headers = ["authorization": "Bearer \(Tokens.signed())"]

    @Test func `a thousand events are served on one connection, and on with another when the API was restarted`() throws
    {
        let database = try TestDatabase()
        let team = try database.makeTeam(as: Tokens.subject)
        let event = Events.v2(#"{"teamId":"\#(team)"}"#, headers: headers)
        let outcome = try LambdaPlatform.run({ function("getTeam", on: database, $0) }) { lambda in
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

    @Test func `a team is made, and one connection to the database serves many events`() throws {
        let database = try TestDatabase()
        try LambdaPlatform.run({ function("createTeam", on: database, $0) }) { lambda in
            for _ in 0..<20 { try lambda.send(Events.v2(input, headers: headers)) }
            let bodies = try lambda.results(20).map { $0["body"]?.string ?? "" }
            #expect(bodies.allSatisfy { $0.hasPrefix(#"{"statusCode":201,"#) }, "\(bodies)")
            #expect(try sessions(of: database) == 1)

            try lambda.send(Events.v2(input, headers: headers))
            let refused = try answer(lambda.results(21)[20])
            #expect(refused["statusCode"]?.integer == 403)
        }

        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 20)
    }

    @Test func `a direct event that fails is an error of the function, with the problem in it`() throws {
        let database = try TestDatabase.untouched()
        try LambdaPlatform.run({ function("createTeam", on: database, $0) }) { lambda in
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

    @Test func `the process's token is nobody's credential there`() throws {
        let database = try TestDatabase.untouched()
        let token = Tokens.signed()
        try LambdaPlatform.run(
            { TestFunction("createTeam", database: database.url, token: token, environment: $0) }
        ) { lambda in
            try lambda.send(input)
            #expect(try lambda.results(1).first?["type"]?.string == "Function.Unauthenticated")
        }
    }

    @Test func `an HTTP event that fails is an answer, and the function did its work`() throws {
        let database = try TestDatabase.untouched()
        try LambdaPlatform.run({ function("createTeam", on: database, $0) }) { lambda in
            let events = Events.allHTTP(input) + Events.allHTTP("{}", headers: headers)
            for event in events { try lambda.send(event) }
            let results = try lambda.results(events.count)

            #expect(results.allSatisfy { $0["kind"]?.string == "response" })
            #expect(
                try results.map { try answer($0)["statusCode"]?.integer }
                    == Array(repeating: 401, count: 6) + Array(repeating: 422, count: 6)
            )
        }
    }

    @Test func `an authorizer is believed where the operator says so`() throws {
        let database = try TestDatabase()
        let event = """
            {"version":"2.0","requestContext":{"http":{"method":"POST"},"authorizer":{"jwt":{"claims":
             {"iss":"\(TestFunction.issuer)","aud":"\(TestFunction.audience)","sub":"\(Tokens.subject)","exp":"9999999999"}}}},
             "body":"{\\"name\\":\\"Acme\\"}"}
            """
        for (trust, status) in [("", 401), ("0", 401), ("1", 201)] {
            try LambdaPlatform.run({ function("createTeam", on: database, $0, ["NOFX_TRUST_AUTHORIZER": trust]) }) {
                lambda in
                try lambda.send(event)
                #expect(try answer(lambda.results(1)[0])["statusCode"]?.integer == status)
            }
        }
    }

    @Test(arguments: ["DATABASE_URL", "NOFX_JWT_SECRET", "NOFX_TIMEOUT_MS"])
    func `a function that is misconfigured says so before it takes an event`(variable: String) throws {
        let value = variable == "NOFX_TIMEOUT_MS" ? "hunter2" : ""
        let (outcome, summary) = try LambdaPlatform.runToEnd { environment in
            TestFunction("createTeam", database: "user=u", environment: environment.merging([variable: value]) { $1 })
        }

        #expect(outcome.status == 1)
        #expect(summary["polls"]?.integer == 0)
        let error = try #require(summary["initializationError"])
        #expect(error["type"]?.string == "Runtime.Misconfigured")
        #expect(error["body"]?.string?.contains(variable) == false)
        #expect(try outcome.log("misconfigured").first?["variable"]?.string == variable)
        #expect(summary["faults"]?.count == 0)
        try expectNoInternals(outcome)
    }

    @Test(arguments: ["nonsense", "127.0.0.1:1"])
    func `a Runtime API that is not there ends the process`(address: String) throws {
        let outcome = try TestFunction(
            "createTeam",
            database: "user=u",
            environment: ["AWS_LAMBDA_RUNTIME_API": address]
        )
        .run("")

        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(try outcome.log("lambda.failed").count == 1)
    }

    @Test func `an answer that Lambda finds too large is given up, and the next event served`() throws {
        let database = try TestDatabase.untouched()
        let outcome = try LambdaPlatform.run({ function("createTeam", on: database, $0) }) { lambda in
            try lambda.answer("response", with: 413)
            for _ in 0..<3 { try lambda.send(Events.v1("{}")) }
            #expect(try lambda.results(3).map { $0["status"]?.integer } == [413, 202, 202])
            #expect(try lambda.summary()["faults"]?.count == 0)
        }
        #expect(outcome.errors.contains("too large"))
    }

    @Test func `a session that the database ended between events is opened again`() throws {
        let database = try TestDatabase()
        try LambdaPlatform.run({ function("createTeam", on: database, $0) }) { lambda in
            for number in 1...5 {
                try lambda.send(Events.v2(input, headers: headers))
                #expect(try answer(lambda.results(number)[number - 1])["statusCode"]?.integer == 201)
                try endSessions(of: database)
            }
        }
    }

    @Test func `a database that is down for one event is back for the next`() throws {
        let database = try TestDatabase()
        let outcome = try LambdaPlatform.run({ function("createTeam", on: database, $0) }) { lambda in
            for (index, (isOpen, status)) in [(true, 201), (false, 503), (true, 201)].enumerated() {
                try database.allowConnections(isOpen)
                try endSessions(of: database)
                try lambda.send(Events.v2(input, headers: headers))
                #expect(try answer(lambda.results(index + 1)[index])["statusCode"]?.integer == status)
            }
        }
        #expect(try outcome.log("database.failed").count == 1)
    }

    @Test func `the platform's trace and request are in the log and the answer`() throws {
        let database = try TestDatabase.untouched()
        var ids: [String] = []
        let outcome = try LambdaPlatform.run({ function("createTeam", on: database, $0) }) { lambda in
            let root = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
            let event = Events.v2(input, headers: ["authorization": "Bearer x"])
            ids.append(try lambda.send(event, headers: [("Lambda-Runtime-Trace-Id", root)]))
            ids.append(try lambda.send(event, headers: [("Lambda-Runtime-Trace-Id", "-")]))
            #expect(try lambda.results(2).map { try answer($0)["headers"]?["x-request-id"]?.string } == ids)
        }
        let lines = try outcome.log("token.refused")

        #expect(lines.map { $0["requestId"]?.string } == ids)
        #expect(lines.map { $0["traceId"]?.string } == ["5bef4de7ad49b0e87f6ef6c87fc2e700", nil])
    }

    @Test func `a deadline that makes no sense is no deadline, and one that has passed is passed`() throws {
        let database = try TestDatabase()
        try LambdaPlatform.run({ function("createTeam", on: database, $0) }) { lambda in
            let past = Timestamp.now().secondsSince1970 * 1_000 - 5_000
            let texts = ["soon", "-", "-1", "1e3", "99999999999999999999", "0", "\(past)"]
            for text in texts {
                try lambda.send(Events.v2(input, headers: headers), headers: [("Lambda-Runtime-Deadline-Ms", text)])
            }
            let statuses = try lambda.results(texts.count).map { try answer($0)["statusCode"]?.integer }
            #expect(statuses == [201, 201, 201, 201, 201, 201, 503])
        }
    }

    @Test func `an event in small pieces is one event`() throws {
        let database = try TestDatabase()
        try LambdaPlatform.run({ function("createTeam", on: database, $0) }) { lambda in
            try lambda.send(Events.v2(input, headers: headers), headers: [("X-Chunk", "7")])
            #expect(try answer(lambda.results(1)[0])["statusCode"]?.integer == 201)
        }
    }

    @Test func `a denial is recorded before it is answered, since the process may be frozen then`() throws {
        let database = try TestDatabase()
        let team = try database.makeTeam(as: TestDatabase.newSubject())
        try LambdaPlatform.run({ function("deleteTeam", on: database, $0) }) { lambda in
            try lambda.send(Events.v2(#"{"teamId":"\#(team)"}"#, headers: headers))
            #expect(try answer(lambda.results(1)[0])["statusCode"]?.integer == 404)
            #expect(try database.value("SELECT count(*) FROM nofx.security_events", as: Int.self) == 1)
        }
    }

    @Test func `migrate works when it is invoked directly, and not over the web`() throws {
        let database = try TestDatabase(migrated: false)
        try LambdaPlatform.run({ TestFunction("migrate", database: database.ownerURL, environment: $0) }) { lambda in
            try lambda.send(Events.v2("{}", headers: headers))
            try lambda.send("{}")
            let results = try lambda.results(2)
            #expect(try answer(results[0])["statusCode"]?.integer == 403)
            #expect(results[1]["kind"]?.string == "response")
            #expect(try answer(results[1])["applied"]?.count ?? 0 > 0)
        }
    }

    private func function(
        _ name: String,
        on database: TestDatabase,
        _ platform: [String: String],
        _ more: [String: String] = [:]
    ) -> TestFunction {
        TestFunction(name, database: database.url, environment: platform.merging(more) { $1 })
    }

    private func answer(_ result: JSONValue) throws -> JSONValue {
        try JSONDocument(parsing: result["body"]?.stringBytes ?? []).root
    }

    /// How many sessions functions have with the database.
    private func sessions(of database: TestDatabase) throws -> Int {
        try database.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'nofx_test_app'"
        )
    }

    /// Ends the functions' sessions and waits until they are gone.
    private func endSessions(of database: TestDatabase) throws {
        try database.rows(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND usename = 'nofx_test_app'
            """
        )
        while try sessions(of: database) > 0 {}
    }
}

extension TestDatabase {
    /// Lets the functions in, or not.
    fileprivate func allowConnections(_ isAllowed: Bool) throws {
        if isAllowed {
            try rows("DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO PUBLIC', current_database()); END $$")
        } else {
            try rows(
                "DO $$ BEGIN EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database()); END $$"
            )
        }
    }
}
