import AI
import Base
import Core
import Runs
import System
import TestSupport
import Testing
import Worker
import Reliability

/// Steps whose providers fail.
@Suite struct ProviderTroubleTests {
    private static let inputs = #"{"prompt":"Say hello."}"#

    @Test func `a failing provider is replaced by the next one`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(
                anthropic: "\(server.url)/fault/status:500",
                openAI: server.openAI,
                ["NOFX_RETRY_MAX": "0"]
            )
            let (json, _) = try bench.execute("ai:generate", Self.inputs).success()
            #expect(json["text"]?.string == FaultServer.text)
            #expect(json["provider"]?.string == "openai")
            #expect(json["attempts"]?.elements.map { $0["code"]?.string } == ["ai_upstream_error", nil])
        }
    }

    @Test func `only the providers that a step names are called, and an unknown one is an error`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(anthropic: server.url, openAI: server.openAI)
            let (json, _) = try bench.execute("ai:generate", #"{"prompt":"x","providers":["openai"]}"#).success()
            #expect(json["provider"]?.string == "openai")
            let error = try bench.execute("ai:generate", #"{"prompt":"x","providers":["nobody"]}"#).error
            #expect(error?.code == "ai_not_configured")
            #expect(error?.retry == .never)
        }
        #expect(try ToolBench().execute("ai:generate", Self.inputs).error?.code == "ai_not_configured")
    }

    @Test(arguments: [
        (400, "ai_bad_request", StepFailure.Retry.never),
        (403, "ai_forbidden", .never), (404, "ai_model_not_found", .never), (413, "ai_context_too_long", .never),
        (500, "ai_upstream_error", .later), (503, "ai_upstream_error", .later), (529, "ai_overloaded", .later),
    ])
    func `the error of a call is the error of its step`(status: Int, code: String, retry: StepFailure.Retry) throws {
        try FaultServer.run { server in
            let bench = ToolBench(openAI: "\(server.url)/fault/status:\(status)", ["NOFX_RETRY_MAX": "0"])
            let error = try #require(bench.execute("ai:generate", Self.inputs).error)
            #expect(error.code == code)
            #expect(error.retry == retry)
            #expect(error.message.hasSuffix("."))
        }
    }

    // Cases: queue 51
    @Test func `a rate limit is waited out as the provider says, without calls meanwhile`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(openAI: "\(server.url)/fault/told", ["NOFX_RETRY_MAX": "0"])
            try server.answer("told", status: 429, headers: [("Retry-After", "600")])
            let error = try #require(bench.execute("ai:generate", Self.inputs).error)
            #expect(error.code == "ai_rate_limited")
            #expect(error.retry == .notBefore(.seconds(600)))

            let release = try #require(bench.execute("ai:generate", Self.inputs).release)
            #expect(release.reason == .circuitOpen)
            #expect(release.wait > .zero && release.wait <= .seconds(600))
            #expect(try server.requests().count == 1)
        }
    }

    // Cases: queue 14
    @Test func `an open breaker releases the step for its remaining time, without using an attempt`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(
                openAI: "\(server.url)/fault/status:500",
                ["NOFX_RETRY_MAX": "0", "NOFX_BREAKER_FAILURE_THRESHOLD": "1"]
            )
            #expect(try bench.execute("ai:generate", Self.inputs).error?.code == "ai_upstream_error")
            for _ in 1...3 {
                let release = try #require(bench.execute("ai:generate", Self.inputs).release)
                #expect(release.reason == .circuitOpen)
                #expect(release.wait > .zero)
            }
            #expect(try server.requests().count == 1)
        }
    }

    @Test func `a limit of the team releases the step until the limit allows it, without using an attempt`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(anthropic: server.url, openAI: server.openAI)
            bench.stores.refusal.withLock { $0 = .limited(seconds: 7) }
            for _ in 1...3 {
                let release = try #require(bench.execute("ai:generate", Self.inputs).release)
                #expect(release.reason == .notDue)
                #expect(release.wait == .seconds(7))
            }
            bench.stores.refusal.withLock { $0 = .unpriced }
            #expect(try bench.execute("ai:generate", Self.inputs).error?.code == "ai_model_unpriced")
            #expect(try server.requests().isEmpty)
            bench.stores.refusal.withLock { $0 = nil }
            let (json, _) = try bench.execute("ai:generate", Self.inputs).success()
            #expect(json["usage"]?["estimated"] == nil)
        }
    }

    @Test func `a breaker that an operator opened releases the step for a while`() throws {
        let bench = ToolBench(openAI: "http://127.0.0.1:1")
        bench.stores.circuits.perform(.forceOpen, on: Providers.openAIName)
        let release = try #require(bench.execute("ai:generate", Self.inputs).release)
        #expect(release.reason == .needsClosed(["ai:openai"]))
        #expect(release.wait >= .seconds(1))
    }

    @Test func `a breaker that opens during an attempt does not give the attempt back`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(
                openAI: "\(server.url)/fault/status:500",
                ["NOFX_RETRY_MAX": "3", "NOFX_BREAKER_FAILURE_THRESHOLD": "2"]
            )
            let error = try #require(bench.execute("ai:generate", Self.inputs).error)
            #expect(error.code == "ai_upstream_error")
            guard case .notBefore(let wait) = error.retry else {
                Issue.record("it is not tried again after the breaker's time")
                return
            }
            #expect(wait > .zero)
            #expect(try server.requests().count == 2)
        }
    }

    @Test func `a silent provider uses only the step's own time`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(openAI: "\(server.url)/fault/silent")
            let outcome = try bench.execute(bench.step("codegen", Self.inputs, timeout: .seconds(1)))
            if case .timedOut = outcome { return }
            // The end of the step's time can leave a moment for a second request, which its failure then counts.
            #expect(outcome.error?.code == "timed_out", "\(outcome)")
        }
    }

    @Test func `a cancelled call ends`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(openAI: "\(server.url)/fault/silent")
            let cancellation = Cancellation()
            let teller = TestThread {
                try? Poll.until { try !server.requests().isEmpty }
                cancellation.cancel()
            }
            guard case .cancelled = try bench.execute(bench.step("codegen", Self.inputs), cancellation: cancellation)
            else {
                Issue.record("it did not end for that")
                return
            }
            teller.join()
        }
    }

    @Test(arguments: [200, 400, 401, 500]) func `a provider's key appears nowhere, for any answer`(status: Int) throws {
        try FaultServer.run { server in
            let key = ToolBench.key
            let encoded = Base64.encode(Array(key.utf8))
            let text = "You sent \(key), which is \(encoded)."
            try server.answer(
                "told",
                status: status,
                body: status == 200
                    ? #"{"choices":[{"finish_reason":"\#(text)","message":{"content":null}}],"error":"\#(text)"}"#
                    : #"{"error":{"message":"\#(text)","type":"\#(text)","code":"x"}}"#
            )
            let bench = ToolBench(openAI: "\(server.url)/fault/told", ["NOFX_RETRY_MAX": "0"])
            let outcome = try bench.execute("ai:generate", Self.inputs)
            #expect((outcome.error == nil) == (status == 401))
            for text in bench.lines.all + ["\(outcome)"] {
                #expect(!text.contains(key) && !text.contains(encoded))
            }
        }
    }
}
