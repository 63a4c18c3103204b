import AI
import Base
import Core
import Queue
import Reliability
import Runs
import TestSupport
import Testing
import Worker

/// The attempts of a step, which the requests of its AI calls share.
@Suite struct RequestBudgetTests {
    private static let inputs = #"{"prompt":"Say hello."}"#

    private func step(_ bench: ToolBench, attempt: Int, of most: Int, wait: Duration = .seconds(300)) -> ClaimedStep {
        ClaimedStep(
            lease: JobLease(job: .make(), fence: 1),
            team: bench.team,
            run: bench.run,
            number: 0,
            name: "the step",
            tool: "ai:generate",
            inputs: JSONText(trusted: Array(Self.inputs.utf8)),
            attempt: attempt,
            maxAttempts: most,
            backoff: StepBackoff(base: .zero, cap: wait)
        )
    }

    @Test(arguments: [(1, 1, 1), (1, 2, 2), (2, 2, 1), (1, 3, 3), (2, 4, 3), (1, 20, 4)])
    func `a call makes as many requests as attempts are left, and no more than retries allow`(
        attempt: Int,
        most: Int,
        requests: Int
    ) throws {
        try FaultServer.run { server in
            let bench = ToolBench(
                openAI: "\(server.url)/fault/status:500",
                ["NOFX_RETRY_MAX": "3", "NOFX_BREAKER_FAILURE_THRESHOLD": "50"]
            )
            let error = try #require(try bench.execute(step(bench, attempt: attempt, of: most)).error)
            #expect(error.code == "ai_upstream_error")
            #expect(error.requests == requests)
            #expect(try server.requests().count == requests)
            let calls = try JSONDocument(parsing: error.calls?.bytes ?? []).root
            #expect(calls.elements.map { $0["code"]?.string } == Array(repeating: "ai_upstream_error", count: requests))
        }
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 3), (4, 4)])
    func `a fallback shares them, and is left one request`(most: Int, requests: Int) throws {
        try FaultServer.run { server in
            let bench = ToolBench(
                anthropic: "\(server.url)/fault/status:529",
                openAI: "\(server.url)/fault/status:500",
                ["NOFX_RETRY_MAX": "9", "NOFX_BREAKER_FAILURE_THRESHOLD": "50"]
            )
            let error = try #require(try bench.execute(step(bench, attempt: 1, of: most)).error)
            #expect(try server.requests().count == requests)
            #expect(error.requests == requests)
            #expect(error.code == (most == 1 ? "ai_overloaded" : "ai_upstream_error"))
        }
    }

    @Test func `an open circuit takes no request from the provider after it`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(anthropic: server.url, openAI: server.openAI)
            bench.stores.circuits.perform(.forceOpen, on: Providers.anthropicName)
            let (json, _) = try bench.execute(step(bench, attempt: 2, of: 2)).success()
            #expect(json["provider"]?.string == "openai")
        }
    }

    @Test func `a circuit that opens in a call does not hide the error that opened it`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(
                openAI: "\(server.url)/fault/status:500",
                ["NOFX_RETRY_MAX": "3", "NOFX_BREAKER_FAILURE_THRESHOLD": "1"]
            )
            let error = try #require(try bench.execute(step(bench, attempt: 1, of: 3, wait: .seconds(1))).error)
            #expect(error.code == "ai_upstream_error")
            #expect(error.requests == 1)
            guard case .notBefore(let wait) = error.retry else {
                Issue.record("it is not tried again after the breaker's time")
                return
            }
            #expect(wait > .zero && wait <= .seconds(1))
            let release = try #require(try bench.execute(step(bench, attempt: 2, of: 3, wait: .seconds(1))).release)
            #expect(release.reason == .circuitOpen)
            #expect(release.wait <= .seconds(1))
        }
    }
}
