import Base
import Postgres
import TestSupport
import Testing

/// Real web servers in front of `nofx`, by CGI and by FastCGI.
struct WebServerTests {
    private static let withDatabase = ["lighttpd-fastcgi", "nginx-fastcgi", "lighttpd-cgi", "nginx-fcgiwrap"]
    private static let all = withDatabase + ["apache-cgi"]

    /// A server, and a way to send requests to it.
    private struct Front {
        let port: String

        /// Sends a request with curl.
        ///
        /// - Returns: The status, and the body.
        func send(_ path: String, _ body: String? = nil, _ options: String...) throws -> (status: Int, body: JSONValue)
        {
            let data = body == nil ? [] : ["--data-binary", "@-"]
            let arguments =
                ["-s", "-w", "\n%{http_code}", "-m", "60"] + data + options + ["http://127.0.0.1:\(port)\(path)"]
            let outcome = try Subprocess("curl", arguments, environment: ["PATH": "/usr/bin:/bin"])
                .finish(Array((body ?? "").utf8))
            let parts = outcome.output.split(separator: "\n")
            let status = parts.last.flatMap { Int($0) } ?? 0
            let text = parts.dropLast().joined(separator: "\n")
            return (status, try JSONDocument(parsing: Array((text.isEmpty ? "null" : text).utf8)).root)
        }
    }

    private func serve<Output>(
        _ kind: String,
        _ database: TestDatabase,
        body: (Front, PythonServer) throws -> Output
    ) throws -> Output {
        let variables = TestFunction("nofx", database: database.url, environment: ["LOG_LEVEL": "warning"]).environment
        let program = "\(Subprocess.buildFolder)/nofx"
        return try PythonServer.run("web_server.py", [kind, program] + variables.map { "\($0)=\($1)" }) { server in
            try body(Front(port: server.port), server)
        }
    }

    // Cases: faas 49, 62
    @Test(arguments: withDatabase) func `each endpoint answers at the path of its name`(kind: String) throws {
        let database = try TestDatabase()
        let owner = TestDatabase.newSubject()
        let token = "Authorization: Bearer \(try TestFunction.token(for: owner))"
        try serve(kind, database) { front, _ in
            for path in ["/createTeam", "/v1/createTeam"] {
                let made = try front.send(path, #"{"name":"Acme"}"#, "-H", token)
                #expect(made.status == 201, "\(made)")
                #expect(made.body["ownerId"]?.string == owner)
            }
            let chunked = try front.send(
                "/createTeam",
                #"{"name":"Acme"}"#,
                "-H",
                token,
                "-H",
                "Transfer-Encoding: chunked"
            )
            #expect(chunked.status == 201)
            #expect(try front.send("/listTeams", "{}", "-H", token).body["items"]?.count == 3)
            #expect(try front.send("/listTeams", "", "-X", "POST", "-H", token).body["items"]?.count == 3)
            #expect(try front.send("/healthz").body["status"]?.string == "ok")
            #expect(try front.send("/readyz").body["status"]?.string == "ready")
            for path in ["/healthz", "/readyz"] {
                #expect(try front.send(path, nil, "-I", "-o", "/dev/null").status == 200)
            }
            let stranger = try front.send("/createTeam", #"{"name":"Acme"}"#)
            #expect(stranger.status == 401)
            let operators = try front.send("/purge", "{}", "-H", token)
            #expect((operators.status, operators.body["code"]?.string) == (403, "operator_only"))
        }
    }

    @Test func `readiness says what keeps the database from being used`() throws {
        try serve("lighttpd-fastcgi", TestDatabase(migrated: false)) { front, _ in
            let ready = try front.send("/readyz")
            #expect((ready.status, ready.body["code"]?.string) == (503, "database_not_migrated"))
            #expect(try front.send("/healthz").status == 200)
        }
    }

    // Cases: faas 63, 64, 66
    @Test(arguments: all) func `requests that mean harm are refused and change nothing`(kind: String) throws {
        let database = try TestDatabase.untouched()
        try serve(kind, database) { front, _ in
            for path in ["/createTeam?--help", "/createTeam?-h", "/createTeam?--forever"] {
                let answer = try front.send(path, "{}")
                #expect((answer.status, answer.body["code"]?.string) == (401, "unauthenticated"), "\(kind) \(path)")
            }
            let identity = ["Remote-User: admin", "X-User: admin", "Proxy: http://127.0.0.1:1", "NOFX-TOKEN: x"]
            for header in identity {
                #expect(try front.send("/createTeam", "{}", "-H", header).status == 401)
            }
            #expect(try front.send("/createTaem", "{}").body["code"]?.string == "endpoint_not_found")
            #expect(try front.send("/", "{}").body["code"]?.string == "endpoint_not_found")
            #expect(try front.send("/createTeam").status == 405)
            let large = try front.send("/createTeam", String(repeating: " ", count: 3 << 20) + "{}")
            #expect((large.status, large.body["code"]?.string) == (413, "payload_too_large"))
        }
        #expect(try database.rowCount() == 0)
    }

    // Cases: faas 65
    @Test func `a header field in two spellings is refused`() throws {
        try serve("lighttpd-fastcgi", TestDatabase.untouched()) { front, _ in
            let twins = try front.send("/createTeam", "{}", "-H", "X-Api-Key: good", "-H", "X_Api_Key: evil")
            #expect(twins.status == 400 || twins.status == 401, "\(twins)")
            #expect(twins.body["code"]?.string != nil)
        }
    }

    @Test func `a connection that the database server ends is opened again for the next request`() throws {
        let database = try TestDatabase()
        let token = "Authorization: Bearer \(try TestFunction.token(for: TestDatabase.newSubject()))"
        try serve("nginx-fastcgi", database) { front, _ in
            for _ in 0..<4 { #expect(try front.send("/listTeams", "{}", "-H", token).status == 200) }
            try database.rows(
                """
                SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'nofx_test_app'
                """
            )
            for _ in 0..<4 { #expect(try front.send("/listTeams", "{}", "-H", token).status == 200) }
        }
    }

    // Cases: faas 78
    @Test func `processes that get SIGTERM answer what they began and end well`() throws {
        let database = try TestDatabase()
        let token = "Authorization: Bearer \(try TestFunction.token(for: TestDatabase.newSubject()))"
        try serve("nginx-fastcgi", database) { front, server in
            let outcomes = try runConcurrently(8) { number, barrier in
                barrier()
                return try (0..<6).map { call -> Int in
                    // One of the two processes ends in the middle.
                    if number == 0, call == 2 {
                        _ = try Subprocess("kill", [server.words[1]], environment: ["PATH": "/usr/bin:/bin"]).finish()
                    }
                    return try front.send("/listTeams", "{}", "-H", token).status
                }
            }
            #expect(outcomes.flatMap { $0 }.allSatisfy { $0 == 200 }, "\(outcomes)")
        }
    }
}
