import Base
import Core
import Cryptography
import Runs
import System
import TestSupport
import Testing
import Worker

/// Steps that use secrets, and the data that they leave.
@Suite struct SecretStepTests {
    private static let value = #"s3cr3t"va/lue"#
    private static let encoded = Base64.encode(Array(value.utf8))

    /// The tools of a team with one secret, TOKEN in scope prod.
    private func bench() -> ToolBench {
        var bench = ToolBench()
        var json = JSONWriter()
        json.string(Self.value)
        let value = String(decoding: json.bytes, as: UTF8.self)
        bench.variables["NOFX_SECRETS"] = #"{"\#(bench.team)":{"prod":{"TOKEN":\#(value)}}}"#
        return bench
    }

    private func isHidden(_ text: String) -> Bool {
        !text.contains("s3cr3t") && !text.contains(Self.encoded.dropLast(3))
    }

    @Test func `a secret reaches only the server, even if the server repeats it`() throws {
        let bench = bench()
        try PythonServer.run("http_server.py") { (server) throws in
            let step = bench.step(
                "http:request",
                #"{"url":"http://127.0.0.1:\#(server.port)/echo","method":"POST","headers":{"X-Token":{"$secret":"TOKEN"}},"#
                    + #""body":{"key":{"$secret":"TOKEN"}}}"#,
                scope: "prod"
            )
            let (json, _) = try bench.execute(step).success()
            let body = try #require(json["body"]?.string)
            #expect(body.contains("X-Token: [redacted]\n"))
            #expect(body.hasSuffix(#"{"key":"[redacted]"}"#))
            #expect(isHidden(json.text.description))
            // The server reports the number of bytes that it received.
            #expect(body.contains("Content-Length: \(#"{"key":"s3cr3t\"va/lue"}"#.utf8.count)\n"))
        }
        for line in bench.lines.all { #expect(isHidden(line)) }
    }

    @Test func `the stored part of a failed answer has no secret, and no part of one at its end`() throws {
        let bench = bench()
        for filler in [0, 2_040, 2_048] {
            try FaultServer.run { server in
                let body = String(repeating: "x", count: filler) + Self.value + " " + Self.value
                try server.answer("told", status: 500, body: body)
                let inputs = #"{"url":"\#(server.url)/fault/told","headers":{"X-Token":{"$secret":"TOKEN"}}}"#
                let error = try #require(bench.execute(bench.step("http:request", inputs, scope: "prod")).error)
                let kept = try #require(error.answer?.body)
                #expect(!kept.contains("s3"))
                #expect(kept.utf8.count <= 2_048)
                if filler == 0 { #expect(kept == "[redacted] [redacted]") }
            }
        }
    }

    @Test func `errors and artifacts contain no secret, and an artifact's hash is that of the stored content`() throws {
        let bench = bench()
        let failed = try bench.execute(
            bench.step("test:fail", #"{"message":{"$secret":"TOKEN"}}"#, scope: "prod")
        )
        #expect(failed.error?.message == "[redacted]")

        let (json, artifacts) = try bench.execute(
            bench.step("artifact:write", #"{"name":"a.txt","content":{"$secret":"TOKEN"}}"#, scope: "prod")
        ).success()
        let content = Array("[redacted]".utf8)
        #expect(artifacts.map(\.content) == [content])
        #expect(artifacts.map(\.sha256) == [SHA256.digest(content)])
        #expect(json["artifact"]?["sha256"]?.string == Hexadecimal.encode(SHA256.digest(content)))
        #expect(json["artifact"]?["size"]?.integer == content.count)
        for line in bench.lines.all { #expect(isHidden(line)) }
    }

    // Cases: queue 85
    @Test(arguments: ["test", nil]) func `a secret of another scope is not there`(scope: String?) throws {
        let bench = bench()
        let error = try bench.execute(bench.step("test:echo", #"{"a":{"$secret":"TOKEN"}}"#, scope: scope)).error
        #expect(error?.code == "secret_missing")
        #expect(error?.retry == .never)
    }

    // Cases: queue 85
    @Test func `another team's secret is not available, whatever scope a step names`() throws {
        let owner = bench()
        var stranger = ToolBench()
        stranger.variables["NOFX_SECRETS"] = owner.variables["NOFX_SECRETS"]
        for scope in ["prod", "\(owner.team)"] {
            let step = stranger.step("test:echo", #"{"a":{"$secret":"TOKEN"}}"#, scope: scope)
            let error = try #require(stranger.execute(step).error)
            #expect(error.code == "secret_missing")
            #expect(error.retry == .never)
            #expect(isHidden(error.message))
        }
        for line in stranger.lines.all { #expect(isHidden(line)) }
    }

    @Test func `an unreadable secret is logged for the operator, and the step is retried`() throws {
        try Folder.with { (folder) throws in
            var bench = ToolBench()
            bench.variables["NOFX_SECRETS_DIR"] = folder.path
            folder.link("\(bench.team)/prod/TOKEN", to: "/etc/passwd")
            let step = bench.step("test:echo", #"{"a":{"$secret":"TOKEN"}}"#, scope: "prod")
            let error = try #require(bench.execute(step).error)
            #expect(error.code == "secret_unreadable")
            #expect(error.retry == .later)
            #expect(!error.message.contains(folder.path))
            #expect(bench.lines.containing("step.secret_unreadable").count == 1)
        }
    }
}
