import AI
import Base
import Core
import Postgres
import TestSupport
import Testing

/// Several keys of one provider.
@Suite struct KeyTests {
    private static let secrets = [
        "sk-first-0123456789", "sk-second-0123456789", "sk-third-0123456789",
    ]
    private static let fingerprints = secrets.map { ProviderKey(Secret($0)).fingerprint }

    private func withServer(body: (FaultServer, Asker) throws -> Void) throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            let variables = [
                "NOFX_PROVIDERS": #"""
                [{"name":"own","wire":"chat","baseUrl":"\#(server.openAI)","keys":["KEY_A","KEY_B","KEY_C"],"model":"m"}]
                """#,
                "KEY_A": Self.secrets[0], "KEY_B": Self.secrets[1], "KEY_C": Self.secrets[2],
                "NOFX_RETRY_MAX": "0",
            ]
            try body(server, Asker(database, variables))
        }
    }

    /// The keys of the requests so far, as their numbers.
    private func used(_ server: FaultServer) throws -> [Int] {
        try server.requests().compactMap { request in
            Self.secrets.firstIndex { request.values(of: "authorization") == ["Bearer \($0)"] }
        }
    }

    @Test func `keys take turns, from a random one on`() throws {
        try withServer { (server, asker) throws in
            var client = try asker.providers()
            for _ in 0..<6 { _ = try client.call(CompletionRequest(Asker.prompt()), deadline: .test) }
            let keys = try used(server)
            #expect(keys == (0..<6).map { (keys[0] + $0) % 3 })
        }
    }

    @Test func `a key at rest is passed over, and is no attempt`() throws {
        try withServer { (server, asker) throws in
            try asker.database.rows(
                "INSERT INTO nofx.circuit_breakers (name, state) VALUES (\("own@\(Self.fingerprints[1])"), 'refused')"
            )
            var client = try asker.providers()
            for _ in 0..<6 {
                let answer = try client.call(CompletionRequest(Asker.prompt()), deadline: .test)
                #expect(answer.attempts.map(\.code) == [nil])
            }
            #expect(try Set(used(server)) == [0, 2])
        }
    }

    @Test(arguments: [
        ("retry-after:1800*1", AIError.Code.rateLimited), ("status:402*1", .quotaExhausted),
        ("status:401*1", .authFailed),
    ])
    func `a key that is limited, without money or refused rests alone, and the next one answers`(
        fault: String,
        code: AIError.Code
    ) throws {
        try withServer { (server, asker) throws in
            let request = CompletionRequest(Asker.prompt(), model: "fault:\(fault)")
            var client = try asker.providers()
            let answer = try client.call(request, deadline: .test)
            #expect(answer.attempts.map(\.code) == [code, nil])
            for _ in 0..<4 { _ = try client.call(request, deadline: .test) }
            let keys = try used(server)
            #expect(keys.count == 6 && keys.dropFirst().allSatisfy { $0 != keys[0] })
        }
    }

    @Test func `if all keys rest, the call is rejected with the shortest wait`() throws {
        try withServer { (server, asker) throws in
            for (fingerprint, seconds) in zip(Self.fingerprints, [900, 60, 300]) {
                try asker.database.rows(
                    """
                    INSERT INTO nofx.circuit_breakers (name, not_before, cooldown_reason)
                    VALUES (\("own@\(fingerprint)"), now() + \(seconds) * interval '1 second', 'quota_exhausted')
                    """
                )
            }
            let error = try asker.failure(CompletionRequest(Asker.prompt()))
            #expect(error?.code == .quotaExhausted && error?.closedProviders == ["own"])
            #expect((1...60).contains(error?.problem.retryAfter ?? 0))
            #expect(try server.requests().isEmpty)
        }
    }

    @Test func `a rate limit of one key and model leaves its other models alone`() throws {
        try withServer { (server, asker) throws in
            for fingerprint in Self.fingerprints {
                try asker.database.rows(
                    """
                    INSERT INTO nofx.circuit_breakers (name, not_before, cooldown_reason)
                    VALUES (\("own@\(fingerprint)/m"), now() + interval '1 hour', 'rate_limited')
                    """
                )
            }
            let error = try asker.failure(CompletionRequest(Asker.prompt()))
            #expect(error?.code == .rateLimited && error?.closedProviders == [])
            #expect(try asker.ask(CompletionRequest(Asker.prompt(), model: "other")).attempts.count == 1)
        }
    }
}
