import Base
import Glibc
import Postgres
import TestSupport
import Testing

/// SIGTERM at every stage of a call, and output that nobody takes.
struct TerminationTests {
    /// What a platform sets for a program that it starts for one request.
    private static let requests: [(name: String, variables: [String: String])] = [
        ("stdin", [:]),
        ("cgi", ["GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "CONTENT_LENGTH": "15"]),
        ("openfaas", ["Http_Method": "POST", "Http_Path": "/"]),
    ]

    private func function(_ database: TestDatabase, _ variables: [String: String]) throws -> TestFunction {
        let token = "Bearer \(try TestFunction.token(for: TestDatabase.newSubject()))"
        let credential = [
            "HTTP_AUTHORIZATION": variables["GATEWAY_INTERFACE"] == nil ? "" : token,
            "Http_Authorization": variables["Http_Method"] == nil ? "" : token,
        ]
        return TestFunction("createTeam", database: database.url, environment: variables.merging(credential) { $1 })
    }

    @Test func `a CGI request that only reads has no input to wait for`() throws {
        let variables = ["GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "HEAD", "PATH_INFO": "/healthz"]
        let outcome = try TestFunction("nofx", database: "user=u", environment: variables).start()
            .finish(endsInput: false)
        #expect(outcome.output.hasPrefix("Status: 200 OK\r\n"))
        #expect(outcome.output.hasSuffix("\r\n\r\n"))
    }

    // Cases: faas 18, 19
    @Test func `a Lambda that waits ends at once, and one that works answers first`() throws {
        let database = try TestDatabase()
        let headers = ["authorization": "Bearer \(Tokens.signed())"]
        let idle = try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            try lambda.send(Events.v2(#"{"name":"Acme"}"#, headers: headers))
            _ = try lambda.results(1)
            try Poll.until { try lambda.summary()["extensions"]?.integer == 1 }
            try lambda.terminate()
            #expect(try lambda.summary()["faults"]?.count == 0)
        }
        #expect(idle.status == 0)

        var connection = try database.connect()
        let busy = try LambdaPlatform.run({ database.function("createTeam", on: $0) }) { lambda in
            try connection.transaction(deadline: .test) { transaction in
                try transaction.run("SELECT FROM nofx.users FOR UPDATE")
                try lambda.send(Events.v2(#"{"name":"Acme"}"#, headers: headers))
                try database.awaitWaiters()
                kill(lambda.processID, SIGTERM)
            }
            #expect(try lambda.results(1)[0].answer()["statusCode"]?.integer == 201)
            try lambda.awaitEnd()
        }
        #expect(busy.status == 0)
    }

    // Cases: faas 18
    @Test(arguments: [404, 403, 500]) func `a platform without extensions serves as well`(status: Int) throws {
        let database = try TestDatabase()
        try LambdaPlatform.run({ database.function("createTeam", on: $0) }, refusing: ["register": status]) { lambda in
            try lambda.send(Events.v2("{}"))
            #expect(try lambda.results(1)[0].answer()["statusCode"]?.integer == 401)
            #expect(try lambda.summary()["extensions"]?.integer == 0)
        }
    }

    // Cases: faas 98
    @Test(arguments: requests.map(\.name))
    func `a process that was started for one request ends at once`(name: String) throws {
        let database = try TestDatabase()
        let variables = Self.requests.first { $0.name == name }?.variables ?? [:]
        // While it reads the body.
        let reading = try function(database, variables).start()
        reading.feed(Array(#"{"name":"#.utf8))
        reading.signal(SIGTERM)
        #expect(reading.finish(endsInput: false).status == 128 + SIGTERM)
        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 0)
        // While it waits for the database.
        let token = try TestFunction.token(for: TestDatabase.newSubject())
        let function = TestFunction(
            "createTeam",
            database: database.url,
            token: token,
            environment: try self.function(database, variables).environment
        )
        var connection = try database.connect()
        let status = try connection.transaction(deadline: .test) { transaction in
            try transaction.run("LOCK TABLE nofx.users IN ACCESS EXCLUSIVE MODE")
            return try function.signalWhileWaiting(#"{"name":"Acme"}"#, SIGTERM, in: database).status
        }
        #expect(status == 128 + SIGTERM)
        // What it has sent by then, the database does or not, all of it or nothing.
        try Poll.until { try database.functionSessions() == 0 }
        #expect(
            try database.value("SELECT count(*) FROM nofx.teams", as: Int.self)
                == database.value("SELECT count(*) FROM nofx.team_members", as: Int.self)
        )
    }

    // Cases: faas 69, 93, 94
    @Test(arguments: requests.map(\.name))
    func `an answer that cannot be written is an exit status`(name: String) throws {
        let variables = Self.requests.first { $0.name == name }?.variables ?? [:]
        let function = TestFunction("createTeam", database: "host=127.0.0.1 port=1 user=u", environment: variables)
        for streams in [">&-", ">/dev/full", ">&- 2>&-"] {
            #expect(try function.run(#"{"name":"Acme"}"#, redirecting: streams).status == 74, "\(name) \(streams)")
        }
        #expect(try function.run(#"{"name":"Acme"}"#, redirecting: "2>&-").output.contains("unauthenticated"))
    }

    // Cases: faas 61
    @Test func `an ActionLoop ends with its input, and on SIGTERM`() throws {
        let function = TestFunction("nofx", database: "host=127.0.0.1 port=1 user=u")
        let line = #"{"value":{},"action_name":"/guest/createTeam"}"#
        let action = try ActionLoopProcess(function)
        #expect(try action.send(line)["error"]?["code"]?.string == "unauthenticated")
        #expect(action.finish() == 0)

        let stopped = try ActionLoopProcess(function)
        #expect(try stopped.send(line)["error"]?["code"]?.string == "unauthenticated")
        #expect(stopped.terminate() == 0)
    }
}
