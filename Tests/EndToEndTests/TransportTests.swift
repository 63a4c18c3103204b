import Base
import Postgres
import TestSupport
import Testing

/// The same requests through every platform.
struct TransportTests {
    // Cases: faas 39, 42, 43, 45, 47, 48, 62, 63, 64, 65, 66, 72, 73, 74, 75, 76, 80, 83, 84, 85, 86, 87, 88, 90, 100
    @Test(arguments: Front.all)
    func `a table of requests has the same outcomes on every platform`(front: Front) throws {
        let database = try TestDatabase()
        let token = "Bearer \(try TestFunction.token(for: TestDatabase.newSubject()))"
        let environment = ["NOFX_MAX_TEAMS": "1000"]
        let opensDatabase = Front.withDatabase.contains { $0.name == front.name }
        var teams = 0
        try front.run(database, environment: environment) { send, _ in
            for test in TransportCase.all(token) {
                let succeeds = test.outcomes == ["ok"]
                // Without a path, standard input has the name of the endpoint on the command line.
                if test.outcomes == ["endpoint_not_found"], front.name == "stdin" { continue }
                if succeeds, !opensDatabase { continue }
                let response = try send(test.request)
                let outcome = front.hasStatus || response.outcome != "ok" ? response.outcome : "ok"
                #expect(test.outcomes.contains(outcome), "\(front.name), \(test.what): \(outcome)")
                if front.hasStatus { #expect((response.status < 300) == (outcome == "ok"), "\(test.what)") }
                if succeeds { teams += 1 }
            }
        }
        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == teams)
    }

    // Cases: faas 49, 100
    @Test func `the same request has the same bytes as its answer on every platform`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let team = try database.makeTeam(as: subject)
        let token = "Bearer \(try TestFunction.token(for: subject))"
        let request = Front.Request("/getTeam", #"{"teamId":"\#(team)"}"#, [("Authorization", token)])
        let direct = try database.function("getTeam", as: subject).run(#"{"teamId":"\#(team)"}"#).output.dropLast()
        for front in Front.withDatabase {
            let response = try front.run(database) { send, _ in try send(request) }
            // OpenWhisk's controller reads the answer and writes it anew.
            #expect(response.body == Array(direct.utf8), "\(front.name)")
        }
    }

    @Test(arguments: Front.withDatabase)
    func `an event that comes again has no further effect, and one that wants a reply gets it`(front: Front) throws {
        let database = try TestDatabase()
        let token = "Bearer \(try TestFunction.token(for: TestDatabase.newSubject()))"
        var headers = [
            (name: "Authorization", value: token), (name: "ce-specversion", value: "1.0"), (name: "ce-id", value: "1"),
            (name: "ce-source", value: "/tests"), (name: "ce-type", value: "t"),
        ]
        try front.run(database) { send, _ in
            for _ in 0..<2 {
                let response = try send(Front.Request("/createTeam", #"{"name":"Acme"}"#, headers))
                #expect(response.body.isEmpty)
                if front.hasStatus { #expect(response.status == 202) }
            }
            headers.append((name: "Prefer", value: "reply"))
            let reply = try send(Front.Request("/createTeam", #"{"name":"Acme"}"#, headers))
            #expect(try JSONDocument(parsing: reply.body).root["name"]?.string == "Acme")
            headers[3].value = "/others"
            _ = try send(Front.Request("/createTeam", #"{"name":"Acme"}"#, headers))
        }
        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 2)
    }

    // Cases: faas 67, 77
    @Test(arguments: Front.servers)
    func `clients that go away, and bodies that are cut, leave the server in order`(front: Front) throws {
        let database = try TestDatabase.untouched()
        try front.run(database) { send, port in
            let outcome = try Subprocess(
                "python3",
                ["-c", Self.badClients, port],
                environment: ["PATH": "/usr/bin:/bin"]
            )
            .finish()
            #expect(outcome.status == 0, "\(outcome.errors)")
            for _ in 0..<3 { #expect(try send(Front.Request("/createTeam")).outcome == "unauthenticated") }
        }
        #expect(try database.rowCount() == 0)
    }

    /// Clients that leave in the middle of a header, in the middle of a body, and without reading the answer; and one
    /// that sends its body in small pieces and gets an answer.
    private static let badClients = """
        import socket, sys, time
        def send(*parts):
            client = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60)
            for part in parts:
                client.sendall(part)
            return client
        head = b"POST /createTeam HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n"
        for _ in range(4):
            send(head).close()
            send(head + b"Content-Length: 50\\r\\n\\r\\n{\\"name\\":\\"Acm").close()
            cut = send(head + b"Content-Length: 50\\r\\n\\r\\n{\\"name\\":\\"Acm")
            cut.shutdown(socket.SHUT_WR)
            cut.close()
            send(head + b"Content-Length: 2\\r\\n\\r\\n{}").close()
            send(head + b"Transfer-Encoding: chunked\\r\\n\\r\\n5\\r\\n{").close()
        slow = send(head + b"Content-Length: 15\\r\\n\\r\\n", b'{"na')
        for part in (b'me":"', b"Acme", b'"}'):
            time.sleep(0.05)
            slow.sendall(part)
        answer = b""
        while part := slow.recv(65536):
            answer += part
        assert b"unauthenticated" in answer, answer
        """

    /// The platforms that hang or answer by luck if a program leaves a body unread.
    private static let sensitive = Front.servers.filter {
        ["apache-cgi", "nginx-fcgiwrap", "openfaas-serializing"].contains($0.name)
    }

    // Cases: faas 46, 70
    @Test(arguments: sensitive)
    func `a refusal is an answer each time, because the body is read first`(front: Front) throws {
        try front.run(TestDatabase.untouched()) { send, _ in
            let body = String(repeating: " ", count: 300_000)
            for _ in 0..<40 {
                let response = try send(Front.Request("/createTeam", body, [("Authorization", "Bearer x")]))
                #expect(response.outcome == "invalid_token")
            }
        }
    }

    @Test(arguments: Front.withDatabase)
    func `a call whose time is over says so and writes nothing`(front: Front) throws {
        let database = try TestDatabase()
        let token = "Bearer \(try TestFunction.token(for: TestDatabase.newSubject()))"
        try front.run(database, environment: ["NOFX_TIMEOUT_MS": "1"]) { send, _ in
            let request = Front.Request("/createTeam", #"{"name":"Acme"}"#, [("Authorization", token)])
            let response = try send(request)
            #expect(["timeout", "unavailable", "outcome_unknown"].contains(response.outcome), "\(response)")
            if response.outcome != "outcome_unknown" {
                #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 0)
            }
        }
    }

    private static let warm = Front.withDatabase.filter {
        ["lambda", "lighttpd-fastcgi", "nginx-fastcgi", "openwhisk-raw"].contains($0.name)
    }

    @Test(arguments: warm)
    func `a warm process goes on after the database ended its session`(front: Front) throws {
        let database = try TestDatabase()
        let token = "Bearer \(try TestFunction.token(for: TestDatabase.newSubject()))"
        try front.run(database) { send, _ in
            for _ in 0..<4 {
                let request = Front.Request("/createTeam", #"{"name":"Acme"}"#, [("Authorization", token)])
                #expect(try send(request).outcome == "ok")
                try database.endFunctionSessions()
            }
        }
        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 4)
    }

    // Cases: faas 44
    @Test(arguments: Front.withDatabase)
    func `a wrong configuration is reported in the form of the request`(front: Front) throws {
        // Lambda is told before the first event, as LambdaTroubleTests show.
        try front.run(TestDatabase.untouched(), environment: ["NOFX_TIMEOUT_MS": "soon"]) { send, _ in
            let response = try send(Front.Request("/createTeam"))
            #expect(response.outcome == "misconfigured")
            if front.hasStatus { #expect(response.status == 503) }
        }
    }
}
