import Base
import Postgres
import TestSupport
import Testing

/// A Lambda with a faulty configuration, Runtime API or database.
struct LambdaTroubleTests {
    private let input = #"{"name":"Acme"}"#
    private let headers = ["authorization": "Bearer \(Tokens.signed())"]

    // Cases: faas 14
    @Test(
        arguments: [
            ("DATABASE_URL", ""), ("NOFX_JWT_SECRET", ""), ("NOFX_TIMEOUT_MS", "hunter2"),
            // A secret that the function cannot read.
            ("NOFX_JWT_SECRET", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:hunter2-a1b2c3"),
        ]
    )
    func `a misconfigured function reports the variable before it takes an event`(
        variable: String,
        value: String
    ) throws {
        let keys = [
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        ]
        let (outcome, summary) = try LambdaPlatform.runToEnd { environment in
            let variables = environment.merging(keys) { $1 }.merging([variable: value]) { $1 }
            return TestFunction("createTeam", database: "user=u", environment: variables)
        }

        #expect(outcome.status == 1)
        #expect(summary["polls"]?.integer == 0)
        let error = try #require(summary["initializationError"])
        #expect(error["type"]?.string == "Runtime.Misconfigured")
        #expect(error["body"]?.string?.contains(variable) == false)
        #expect(try outcome.log("configuration.invalid").first?["variable"]?.string == variable)
        #expect(summary["faults"]?.count == 0)
        try expectNoInternals(outcome)
    }

    // Cases: faas 11, 12
    @Test(arguments: ["nonsense", "127.0.0.1:1"])
    func `an unreachable Runtime API ends the process`(address: String) throws {
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

    // Cases: faas 7, 8
    @Test func `an answer that is too large for Lambda is dropped, and the next event is served`() throws {
        let database = try TestDatabase.untouched()
        let outcome = try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            try lambda.answer("response", with: 413)
            for _ in 0..<3 { try lambda.send(Events.v1("{}")) }
            #expect(try lambda.results(3).map { $0["status"]?.integer } == [413, 202, 202])
            #expect(try lambda.summary()["faults"]?.count == 0)
        }
        #expect(outcome.errors.contains("answer.too_large"))
    }

    // Cases: faas 20
    @Test func `an event that is too large, or cut, is an error, and the next event is served`() throws {
        let database = try TestDatabase.untouched()
        try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            let large = Events.v2(String(repeating: "x", count: 8 << 20))
            try lambda.send(large)
            try lambda.send(String(large.prefix(6_291_556)))
            try lambda.send(Events.v1("{}"))
            let results = try lambda.results(3)
            #expect(
                results.map { $0["type"]?.string } == ["Function.PayloadTooLarge", "Function.PayloadTooLarge", nil]
            )
            #expect(try results[2].answer()["statusCode"]?.integer == 401)
        }
    }

    @Test func `a session that the database closed between events is reopened`() throws {
        let database = try TestDatabase()
        try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            for number in 1...5 {
                try lambda.send(Events.v2(input, headers: headers))
                #expect(try lambda.results(number)[number - 1].answer()["statusCode"]?.integer == 201)
                try database.endFunctionSessions()
            }
        }
    }

    @Test func `after an outage of the database the next event is served`() throws {
        let database = try TestDatabase()
        let outcome = try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            for (index, (isOpen, status)) in [(true, 201), (false, 503), (true, 201)].enumerated() {
                try database.allowConnections(isOpen)
                try database.endFunctionSessions()
                try lambda.send(Events.v2(input, headers: headers))
                #expect(try lambda.results(index + 1)[index].answer()["statusCode"]?.integer == status)
            }
        }
        #expect(try outcome.log("database.failed").count == 1)
    }

    // Cases: faas 4, 5
    @Test func `an invalid deadline is ignored, and a past one has passed`() throws {
        let database = try TestDatabase()
        try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            let past = Timestamp.now().secondsSince1970 * 1_000 - 5_000
            let texts = ["soon", "-", "-1", "1e3", "99999999999999999999", "0", "\(past)"]
            for text in texts {
                try lambda.send(Events.v2(input, headers: headers), headers: [("Lambda-Runtime-Deadline-Ms", text)])
            }
            let statuses = try lambda.results(texts.count).map { try $0.answer()["statusCode"]?.integer }
            #expect(statuses == [201, 201, 201, 201, 201, 201, 503])
        }
    }
}
