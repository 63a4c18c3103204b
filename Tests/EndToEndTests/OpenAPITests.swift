import System
import TestSupport
import Testing

/// The documents for callers over HTTP, against `nofx` behind a web server.
///
/// `scripts/openapi` calls every endpoint with data made from the document.
struct OpenAPITests {
    /// A server with a database, and a worker that executes the steps that are due.
    private func serve(_ body: (_ url: String, _ worker: String) throws -> Void) throws {
        let database = try TestDatabase()
        try FaultServer.run { provider in try serve(database, provider, body) }
    }

    private func serve(
        _ database: TestDatabase,
        _ provider: FaultServer,
        _ body: (_ url: String, _ worker: String) throws -> Void
    ) throws {
        let more = [
            "NOFX_WEBHOOK_KEY": String(repeating: "k", count: 32), "NOFX_FUNCTION": "",
            "OPENAI_BASE_URL": provider.openAI,
        ]
        let variables = TestFunction("nofx", database: database.url, environment: more).environment
        let program = "\(Subprocess.buildFolder)/nofx"
        let words = ["lighttpd-fastcgi", program] + variables.map { "\($0)=\($1)" }
        let worker = database.runWorker().environment.map { "\($0)=\($1)" }
        let command = (["env", "-i"] + worker + [program, "runWorker"]).map { "'\($0)'" }.joined(separator: " ")
        try PythonServer.run("web_server.py", words) { server in
            try body("http://127.0.0.1:\(server.port)", command)
        }
    }

    @Test func `every request of the collection succeeds, and every web endpoint has one`() throws {
        try serve { url, worker in
            let scopes = ["read", "write", "delete", "admin", "admin:ops"]
            let token = try TestFunction.token(for: TestDatabase.newSubject(), email: "ada@example.com", scopes: scopes)
            let other = try TestFunction.token(for: TestDatabase.newSubject(), email: "grace@example.com")
            let outcome = try PythonScript.run(
                "send_requests.py",
                [
                    PackageScript.path(of: "docs/requests.http"), "host=\(url)", "token=\(token)",
                    "other=\(other)", "unique=1", "worker=\(worker)",
                ]
            )
            #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
            let lines = outcome.output.split(separator: "\n").map(String.init)
            let called = Set(lines.compactMap { $0.split(separator: " ").first.map(String.init) })
            #expect(called == Set(try Endpoints.authenticated + ["healthz", "readyz"]))
        }
    }

    @Test func `a generated client creates a team, starts a run and reads its timeline`() throws {
        try serve { url, worker in
            let token = try TestFunction.token(for: TestDatabase.newSubject())
            let outcome = try PythonScript.run(
                "generated_client.py",
                [PackageScript.path(of: "docs/openapi.json"), url, token, worker],
                by: .clientGenerator
            )
            #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
            #expect(outcome.output.hasPrefix("run.created\n"))
            #expect(outcome.output.hasSuffix("run.succeeded\n"))
        }
    }
}
