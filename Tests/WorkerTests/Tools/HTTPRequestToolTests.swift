import Base
import Core
import HTTPClient
import Runs
import System
import TestSupport
import Testing
import Worker
import Reliability

@Suite struct HTTPRequestToolTests {
    private func inputs(_ url: String, _ more: String = "") -> String {
        #"{"url":"\#(url)"\#(more.isEmpty ? "" : ",\(more)")}"#
    }

    /// Makes a server answer in some way, and executes a step that calls it.
    private func ask(
        _ bench: ToolBench = ToolBench(),
        _ more: String = "",
        status: Int = 200,
        headers: [(name: String, value: String)] = [],
        body: String = ""
    ) throws -> StepOutcome {
        try FaultServer.run { server in
            try server.answer("told", status: status, headers: headers, body: body)
            return try bench.execute("http:request", inputs("\(server.url)/fault/told", more))
        }
    }

    @Test func `a request is sent as configured, with the step's own key in every attempt`() throws {
        let bench = ToolBench()
        try FaultServer.run { server in
            try server.answer("told", status: 200)
            let url = "\(server.url)/fault/told/a?b=c"
            for attempt in 1...2 {
                let inputs = inputs(url, #""method":"PUT","headers":{"X-One":"1"},"body":{"a":[1.50]}"#)
                _ = try bench.execute(bench.step("http:request", inputs, attempt: attempt)).success()
            }
            _ = try bench.execute(
                "http:request",
                inputs(url, #""method":"POST","body":"text","headers":{"content-type":"text/csv"}"#)
            ).success()
            _ = try bench.execute("http:request", inputs(url, #""method":"PATCH","body":"text""#)).success()
            _ = try bench.execute("http:request", inputs(url)).success()

            let requests = try server.requests()
            #expect(requests.map(\.method) == ["PUT", "PUT", "POST", "PATCH", "GET"])
            #expect(requests.map(\.path) == [String](repeating: "/fault/told/a?b=c", count: 5))
            #expect(requests.map(\.body) == [#"{"a":[1.50]}"#, #"{"a":[1.50]}"#, "text", "text", ""])
            for request in requests { #expect(request.values(of: "idempotency-key") == ["\(bench.run):3"]) }
            #expect(requests.first?.values(of: "x-one") == ["1"])
            #expect(
                requests.map { $0.values(of: "content-type") } == [
                    ["application/json"], ["application/json"], ["text/csv"], ["text/plain; charset=utf-8"], [],
                ]
            )
        }
    }

    @Test func `the outputs have the status, the headers without credentials, and the body`() throws {
        let (json, artifacts) = try ask(
            headers: [
                ("X-Request-Id", "r-1"), ("Set-Cookie", "session=1"), ("Link", "<a>"), ("LINK", "<b>"),
                ("WWW-Authenticate", "Basic"), ("X-Internal", "1"),
            ],
            body: #"{"ok":true,"amount":1.50}"#
        ).success()
        #expect(json["status"]?.integer == 200)
        #expect(json["body"]?.text.description == #"{"ok":true,"amount":1.50}"#)
        #expect(json["headers"]?["x-request-id"]?.string == "r-1")
        #expect(json["headers"]?["link"]?.string == "<a>, <b>")
        #expect(json["headers"]?["content-type"]?.string == "application/json")
        for name in ["set-cookie", "www-authenticate", "x-internal"] { #expect(json["headers"]?[name] == nil) }
        #expect(artifacts == [])
    }

    @Test(arguments: ["{", #"{"a":"\u0000"}"#, "[1e999]", #"{"a":1,"a":2}"#, ""])
    func `an invalid JSON body is returned as text`(body: String) throws {
        #expect(try ask(body: body).success().json["body"]?.string == body)
    }

    @Test(arguments: [("a\u{0}b", "bodyBase64", "YQBi"), ("Grüße", "body", "Grüße")])
    func `a body is returned as text if it is valid text`(body: String, member: String, value: String) throws {
        let json = try ask(body: body).success().json
        #expect(json[member]?.string == value)
        #expect(json.members.map(\.key) == ["status", "headers", member])
    }

    @Test(arguments: [400, 401, 403, 404, 405, 409, 410, 422, 301, 302])
    func `a permanent error status fails the step permanently`(status: Int) throws {
        let error = try #require(try ask(status: status, headers: [("Retry-After", "7")]).error)
        #expect(error.code == "http_status")
        #expect(error.message == "The server answered with status \(status).")
        #expect(error.retry == .never)
    }

    // Cases: queue 51
    @Test(arguments: [408, 425, 429, 500, 502, 503, 504])
    func `a transient error status is retried, not before the server's Retry-After`(status: Int) throws {
        #expect(try ask(status: status).error?.retry == .later)
        let told = try #require(try ask(status: status, headers: [("Retry-After", "7")]).error)
        #expect(told.code == "http_status")
        #expect(told.retry == .notBefore(.seconds(7)))
        let forever = try ask(status: status, headers: [("Retry-After", "99999999")]).error
        #expect(forever?.retry == .notBefore(.seconds(86_400)))
    }

    @Test func `an expected status is a success, and all others are failures`() throws {
        let (json, _) = try ask(ToolBench(), #""expectedStatus":[404,503]"#, status: 503).success()
        #expect(json["status"]?.integer == 503)
        #expect(try ask(ToolBench(), #""expectedStatus":[404]"#, status: 200).error?.code == "http_status")
    }

    @Test func `an answer that is too large fails the step permanently`() throws {
        for more in [#""maxBytes":9"#, #""maxBytes":10"#] {
            let outcome = try ask(ToolBench(), more, body: "0123456789")
            #expect(outcome.error?.code == (more.hasSuffix("9") ? "response_too_large" : nil))
            #expect(outcome.error?.retry ?? .never == .never)
        }
    }

    @Test(arguments: [
        (#""\""#, "text/plain", "body"), ("\u{1}", "text/plain", "body"), (" ", "application/json", "body"),
        ("\0", "application/x", "bodyBase64"), ("\u{1}", "application/json", "body"),
    ])
    func `an answer of the greatest size is always kept`(character: String, type: String, member: String) throws {
        let unit = type == "application/json" && character == " " ? "[  ]" : character
        let length = 1 << 20
        let pad = unit == "[  ]" ? "[" + String(repeating: " ", count: length - 2) + "]" : ""
        let body = pad.isEmpty ? String(repeating: unit, count: length / unit.utf8.count) : pad
        let (json, artifacts) = try ask(
            ToolBench(),
            #""maxBytes":1048576"#,
            headers: [("content-type", type)],
            body: body
        ).success()
        #expect(json[member]?.isNull == true)
        #expect(json.members.map(\.key) == ["status", "headers", member, "artifact"])
        #expect(json["artifact"]?["name"]?.string == "body")
        #expect(artifacts.map(\.content) == [Array(body.utf8)])
        #expect(artifacts.map(\.contentType) == [type])
    }

    @Test(arguments: [404, 500]) func `a failure keeps the first 2 KiB of the answer`(status: Int) throws {
        let error = try #require(try ask(status: status, body: "No \0 such thing").error)
        #expect(error.answer == StepFailure.Answer(status: status, body: "No \u{FFFD} such thing"))
        let long = String(repeating: "x", count: 2_047) + "é" + String(repeating: "y", count: 9_000)
        #expect(try ask(status: status, body: long).error?.answer?.body == String(repeating: "x", count: 2_047))
        let most = String(repeating: "x", count: 2_046) + "é"
        #expect(try ask(status: status, body: most + "y").error?.answer?.body == most)
        #expect(try ask(status: status, body: most).error?.answer?.body == most)
        #expect(try ask(status: status).error?.answer == StepFailure.Answer(status: status, body: ""))
    }

    @Test func `an answer with an unexpected status fails by its status, also if it is too large`() throws {
        let outcome = try ask(ToolBench(), #""maxBytes":9"#, status: 503, body: "0123456789")
        #expect(outcome.error?.code == "http_status")
        #expect(outcome.error?.retry == .later)
        #expect(outcome.error?.answer?.status == 503)
    }

    @Test func `a redirect is not followed`() throws {
        try FaultServer.run { server in
            let url = "\(server.url)/fault/redirect"
            #expect(try ToolBench().execute("http:request", inputs(url)).error?.code == "http_status")
            let (json, _) = try ToolBench().execute("http:request", inputs(url, #""expectedStatus":[307]"#)).success()
            #expect(json["headers"]?["location"]?.string?.hasPrefix("http://127.0.0.1:") == true)
            #expect(try server.redirected().count == 0)
        }
    }

    @Test(arguments: [
        ("close-early", "http_failed"), ("rst-early", "http_failed"), ("rst-mid", "http_failed"),
        ("short-body", "http_failed"), ("partial-headers", "http_failed"),
    ])
    func `an incomplete answer is retried`(fault: String, code: String) throws {
        try FaultServer.run { server in
            let error = try #require(ToolBench().execute("http:request", inputs("\(server.url)/fault/\(fault)")).error)
            #expect(error.code == code)
            #expect(error.retry == .later)
            #expect(!error.message.contains("127.0.0.1"))
        }
    }

    @Test func `an unreachable server is retried`() throws {
        let error = try #require(ToolBench().execute("http:request", inputs("http://127.0.0.1:1/")).error)
        #expect(error.code == "http_unreachable")
        #expect(error.retry == .later)
    }

    @Test func `a silent server uses only the step's own time`() throws {
        let bench = ToolBench()
        try FaultServer.run { server in
            let inputs = inputs("\(server.url)/fault/silent")
            guard case .timedOut = try bench.execute(bench.step("http:request", inputs, timeout: .seconds(1))) else {
                Issue.record("it did not end for its time")
                return
            }
        }
    }

    @Test func `a cancelled request ends`() throws {
        let bench = ToolBench()
        let cancellation = Cancellation()
        try FaultServer.run { server in
            let teller = TestThread {
                try? Poll.until { try !server.requests().isEmpty }
                cancellation.cancel()
            }
            let step = bench.step("http:request", inputs("\(server.url)/fault/silent"))
            guard case .cancelled = try bench.execute(step, cancellation: cancellation) else {
                Issue.record("it did not end for that")
                return
            }
            teller.join()
        }
    }

    @Test(arguments: [
        "http://127.0.0.1:1/", "http://localhost/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "https://2130706433/",
    ])
    func `the operator's own network is not reachable for steps`(url: String) throws {
        var bench = ToolBench()
        bench.variables["NOFX_HTTP_ALLOW"] = nil
        let error = try #require(bench.execute("http:request", inputs(url)).error)
        // The same answer as for a name that nobody has and for a port that nobody listens at.
        let unknown = try #require(bench.execute("http:request", inputs("http://no-such-host.invalid/")).error)
        let closed = try #require(ToolBench().execute("http:request", inputs("http://127.0.0.1:1/")).error)
        for other in [unknown, closed] {
            #expect(error.code == other.code && error.message == other.message && error.retry == other.retry)
        }
        #expect((error.code, error.message) == ("http_unreachable", "The server cannot be reached."))
        #expect(error.retry == .later)
        #expect(bench.lines.containing(#""reason":"forbiddenAddress""#).count == 1)
        #expect(bench.lines.containing(#""reason":"couldNotResolve""#).count == 1)
    }
}
