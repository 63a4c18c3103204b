import TestSupport
import Testing

/// `deploy.sh http`, with lighttpd in front of `nofx`.
@Suite struct DeployHTTPTests {
    // Cases of web servers: all endpoints, look-alike header fields, large bodies, reload and SIGTERM under load.
    @Test func `all endpoints are served, and neither a reload nor SIGTERM loses a request`() throws {
        let function = TestFunction("nofx", database: try TestDatabase().url)
        let token = try TestFunction.token(for: TestDatabase.newSubject())
        let names = try Endpoints.all.joined(separator: ",")
        let outcome = try PythonScript.run(
            "deploy_http.py",
            ["\(Subprocess.buildFolder)/nofx", token, names] + function.environment.map { "\($0.key)=\($0.value)" }
        )
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        for expected in [
            #""health": [[200, "ok"], [200, "ready"], [200, "ok"], [200, "ready"]]"#, #""create": [201, "Acme"]"#,
            #""list": [200, 1]"#, #""missing": [404, "endpoint_not_found"]"#, #""large": [413, "payload_too_large"]"#,
            #""twins": [400, "malformed_request"]"#, #""again": [1, true]"#, #""status": 0,"#, #""failures": 0,"#,
            #""left": ["environment"]"#,
        ] { #expect(outcome.output.contains(expected), "\(expected)\n\(outcome.output)") }
        for name in try Endpoints.all {
            // Some endpoints need variables that are not set here, others refuse every caller over HTTP.
            let refusals = ["401", "403", "503"].map { status in "\"" + name + "\": " + status }
            let isRefused = refusals.contains { refusal in outcome.output.contains(refusal) }
            #expect(isRefused, "\(name)\n\(outcome.output)")
        }
    }

    @Test(
        arguments: [
            ["--port", "0"], ["--port", "65536"], ["--port", "x"], ["--port"], ["--processes", "0"], ["--drain", "-1"],
            ["--address", "a b"], ["--env", "/nothing"], ["--program", "/nothing"], ["--nothing"], ["x"],
        ]
    ) func `wrong arguments are explained`(words: [String]) throws {
        let outcome = try PackageScript.run("deploy.sh", ["http"] + words)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("see ./deploy.sh http --help"), "\(outcome.errors)")
    }

    @Test func `a missing database is explained before anything starts`() throws {
        let program = "\(Subprocess.buildFolder)/nofx"
        let outcome = try PackageScript.run("deploy.sh", ["http", "--program", program])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("DATABASE_URL is not set"), "\(outcome.errors)")
    }
}
