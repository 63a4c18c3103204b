import Base
import Core
import Postgres
import TestSupport
import Testing

/// A run that uses five providers of `NOFX_PROVIDERS`, each at its own server.
@Suite struct FiveProvidersTests {
    private let database: TestDatabase
    private let owner = TestDatabase.newSubject()

    init() throws {
        database = try TestDatabase()
    }

    private func variables(_ servers: [FaultServer]) -> [String: String] {
        [
            "NOFX_PROVIDERS": #"""
            [{"preset": "gemini", "baseUrl": "\#(servers[0].openAI)", "keys": ["GEMINI_A", "GEMINI_B"],
              "model": "gemini-2.5-flash"},
             {"preset": "groq", "baseUrl": "\#(servers[1].url)/fault/too-long/v1", "model": "openai/gpt-oss-20b"},
             {"preset": "azure", "name": "azure-eu", "baseUrl": "\#(servers[2].url)/openai/deployments/{model}",
              "apiVersion": "2024-10-21", "model": "gpt-4o"},
             {"name": "claude", "wire": "messages", "baseUrl": "\#(servers[3].url)", "keys": "CLAUDE_KEY",
              "model": "claude-haiku-4-5"},
             {"name": "own", "wire": "responses", "baseUrl": "\#(servers[4].url)/fault/status:529/v1",
              "keys": "OWN_KEY", "breaker": {"failureThreshold": 1}}]
            """#,
            "NOFX_ROUTES": #"""
            [{"name": "fast", "models": [{"provider": "groq"}],
              "fallbacks": [{"provider": "azure-eu"},
                            {"provider": "gemini", "model": "gemini-2.5-pro", "when": ["ai_context_too_long"]}]}]
            """#,
            "GEMINI_A": "gm-key-a-0123456789", "GEMINI_B": "gm-key-b-0123456789", "GROQ_API_KEY": "gq-key-0123456789",
            "AZURE_OPENAI_API_KEY": "az-key-0123456789", "CLAUDE_KEY": "cl-key-0123456789",
            "OWN_KEY": "ow-key-0123456789", "NOFX_RETRY_MAX": "0", "NOFX_WORKER_THREADS": "1",
        ]
    }

    @Test func `a run uses five providers, with keys in turn, a route, and usage and costs by model`() throws {
        try withServers(5) { servers in
            try servers[1].answer(
                "too-long",
                status: 400,
                body: #"{"error":{"type":"invalid_request_error","code":"context_length_exceeded"}}"#
            )
            let team = try database.makeTeam(as: owner)
            let ordinary = (1...4).map { (#"ask \#($0)"#, #""models":[{"provider":"gemini"}]"#) }
            let steps =
                [
                    ("summary", #""route":"fast""#), ("translate", #""models":[{"provider":"azure-eu"}]"#),
                    ("review", #""models":[{"provider":"own","model":"gpt-6-luna"},{"provider":"claude"}]"#),
                ] + ordinary
            let plan = steps.map { name, models in
                #"{"name":"\#(name)","tool":"ai:generate","inputs":{"prompt":"\#(name)?",\#(models)}}"#
            }
            let started = try database.function("startRun", as: owner).run(
                #"{"teamId":"\#(team)","plan":{"goal":"Five providers","steps":[\#(plan.joined(separator: ","))]}}"#
            )
            let run = try #require(try started.json()["runId"]?.string, "\(started)")
            let outcome = try database.runWorker(variables(servers)).run("{}")
            #expect(try outcome.json()["succeeded"]?.integer == 7, "\(outcome)")

            #expect(try database.value("SELECT status FROM nofx.runs WHERE id = \(run)::text::uuid") == "succeeded")
            try checkRequests(servers)
            try checkUsage(of: team)
            try checkHealth()
            // No key is in the log or in what is stored.
            let stored: String = try database.value("SELECT string_agg(outputs::text, ' ') FROM nofx.steps")
            for key in variables(servers).filter({ $0.key.contains("KEY") || $0.key.hasPrefix("GEMINI") }).values {
                #expect(!outcome.errors.contains(key) && !stored.contains(key))
            }
        }
    }

    private func checkRequests(_ servers: [FaultServer]) throws {
        let requests = try servers.map { try $0.requests() }
        #expect(requests.map(\.count) == [5, 1, 1, 1, 1])
        let keys = requests[0].flatMap { $0.values(of: "authorization") }
        let counts = Dictionary(grouping: keys) { $0 }.mapValues(\.count)
        #expect(Set(counts.keys) == ["Bearer gm-key-a-0123456789", "Bearer gm-key-b-0123456789"])
        #expect(counts.values.allSatisfy { $0 >= 2 })
        #expect(requests[2].map(\.path) == ["/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"])
        #expect(requests[2].map { $0.values(of: "api-key") } == [["az-key-0123456789"]])
        #expect(requests[3].map(\.path) == ["/v1/messages"])
        #expect(requests[4].map(\.path) == ["/fault/status:529/v1/responses"])
    }

    private func checkUsage(of team: String) throws {
        let page = try database.function("aiUsage", as: owner).run(#"{"teamId":"\#(team)"}"#).json()
        let rows = try #require(page["items"]).elements.map { $0 }
        let lines = rows.map { row in
            "\(row["provider"]?.string ?? "") \(row["model"]?.string ?? "") \(row["attempts"]?.integer ?? 0) "
                + "\(row["succeeded"]?.integer ?? 0) \(row["costUsd"]?.string == "0" ? "free" : "paid")"
        }
        #expect(
            lines == [
                "azure-eu gpt-4o 1 1 paid", "claude claude-haiku-4-5 1 1 paid", "gemini gemini-2.5-flash 4 4 paid",
                "gemini gemini-2.5-pro 1 1 paid", "groq openai/gpt-oss-20b 1 0 free", "own gpt-6-luna 1 0 free",
            ]
        )
    }

    private func checkHealth() throws {
        let operating = TestFunction(
            "aiHealth",
            database: database.url,
            token: try TestFunction.token(for: owner, scopes: ["admin:ops"])
        )
        let health = try operating.run("{}").json()
        let breakers = try #require(health["breakers"]).elements.map { $0 }
        let states = breakers.reduce(into: [:]) { $0[$1["name"]?.string ?? ""] = $1["state"]?.string }
        for name in ["azure-eu", "claude", "gemini", "groq"] { #expect(states[name] == "closed", "\(name)") }
        #expect(states["own"] == "open")
    }

    /// Runs the body with several servers.
    private func withServers(
        _ count: Int,
        _ servers: [FaultServer] = [],
        body: ([FaultServer]) throws -> Void
    ) throws {
        guard servers.count < count else { return try body(servers) }
        try FaultServer.run { server in
            try withServers(count, servers + [server], body: body)
        }
    }
}
