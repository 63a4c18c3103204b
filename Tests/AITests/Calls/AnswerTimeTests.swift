import AI
import Base
import Core
import TestSupport
import Testing

/// The time that an answer may take.
@Suite struct AnswerTimeTests {
    private static let ways = [("anthropic-ai", "chat"), ("openai", "chat"), ("openai", "responses")]

    private func withServer(
        _ more: [String: String],
        body: (FaultServer, Asker) throws -> Void
    ) throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            try body(server, Asker(database, anthropic: server.url, openAI: server.openAI, more))
        }
    }

    /// Makes a call whose answer is followed.
    private func follow(
        _ asker: Asker,
        _ fault: String,
        of provider: String = "openai",
        deadline: Deadline = .test
    ) throws -> (text: String, result: Result<CallAnswer, AIError>) {
        var providers = try asker.providers()
        var text = ""
        let request = CompletionRequest(Asker.prompt(), model: "fault:\(fault)")
        do throws(AIError) {
            let answer = try providers.call(
                request,
                of: [provider],
                deadline: deadline,
                onProgress: { progress in
                    switch progress {
                    case .began: text = ""
                    case .text(let piece): text += piece
                    }
                }
            )
            return (text, .success(answer))
        } catch {
            return (text, .failure(error))
        }
    }

    @Test(arguments: ways)
    func `an answer that goes on may take longer than the limit of its first byte`(
        provider: String,
        wire: String
    ) throws {
        try withServer(["NOFX_BREAKER_TIMEOUT_MS": "3000", "OPENAI_WIRE": wire]) { _, asker in
            let (text, result) = try follow(asker, "slow-stream:600", of: provider)
            let answer = try result.get()
            #expect(answer.completion.text == FaultServer.text && text == FaultServer.text)
            #expect(answer.attempts.count == 1)
            #expect(answer.attempts.allSatisfy { $0.duration > .seconds(3) })
        }
    }

    @Test func `a server that answers a request for a stream with a document is understood`() throws {
        try withServer([:]) { _, asker in
            let (text, result) = try follow(asker, "sse-plain")
            #expect(try result.get().completion.text == FaultServer.text)
            #expect(text == FaultServer.text)
        }
    }

    @Test func `a server that refuses stream_options is asked without them, and not with them again`() throws {
        try withServer(["NOFX_RETRY_BASE_MS": "5", "NOFX_RETRY_CAP_MS": "20"]) { server, asker in
            var providers = try asker.providers()
            for attempts in [[AIError.Code.badRequest, nil], [nil]] {
                let answer = try providers.call(
                    CompletionRequest(Asker.prompt(), model: "fault:no-stream-options"),
                    of: ["openai"],
                    deadline: .test,
                    onProgress: { _ in }
                )
                #expect(answer.completion.text == FaultServer.text)
                #expect(answer.completion.usage?.output == 7)
                #expect(answer.attempts.map(\.code) == attempts)
            }
            #expect(try server.requests().map { $0.body.contains("stream_options") } == [true, false, false])
            #expect(try asker.breaker() == ("closed", 0, 0))
        }
    }

    @Test(arguments: ["silent", "stall-head"])
    func `a first byte that does not come is a timeout of the provider, long before the call's end`(
        fault: String
    ) throws {
        let limits = ["NOFX_BREAKER_TIMEOUT_MS": "500", "NOFX_AI_IDLE_MS": "600000", "NOFX_RETRY_MAX": "0"]
        try withServer(limits) { _, asker in
            let deadline = Deadline.after(.seconds(600))
            let (_, result) = try follow(asker, fault, deadline: deadline)
            let error = #expect(throws: AIError.self) { try result.get() }
            #expect(error?.code == .timeout)
            #expect(try asker.breaker().failures == 1)
            #expect(!deadline.hasPassed)
        }
    }

    @Test func `silence within an answer is a timeout of the provider, and the answer may begin anew`() throws {
        let limits = ["NOFX_AI_IDLE_MS": "500", "NOFX_RETRY_BASE_MS": "5", "NOFX_RETRY_CAP_MS": "20"]
        try withServer(limits) { _, asker in
            let (text, result) = try follow(asker, "stall-mid*1")
            let answer = try result.get()
            #expect(answer.attempts.map(\.code) == [.timeout, nil])
            #expect(text == FaultServer.text)
        }
    }

    @Test func `comments that keep a connection alive are no silence`() throws {
        try withServer(["NOFX_AI_IDLE_MS": "2000", "NOFX_BREAKER_TIMEOUT_MS": "3000"]) { _, asker in
            let (_, result) = try follow(asker, "pings:40")
            let answer = try result.get()
            #expect(answer.attempts.count == 1)
            #expect(answer.attempts.allSatisfy { $0.duration > .seconds(3) })
        }
    }

    @Test func `an answer that never ends ends with the call, and says nothing about the provider`() throws {
        try withServer(["NOFX_BREAKER_TIMEOUT_MS": "1000"]) { _, asker in
            let (_, result) = try follow(asker, "drip", deadline: .after(.seconds(4)))
            let error = #expect(throws: AIError.self) { try result.get() }
            #expect(error?.code == .timeout)
            #expect(error?.attempts.count == 1)
            #expect(try asker.breaker() == ("closed", 0, 0))
        }
    }

    @Test(arguments: ["gzip", "deflate", "raw"], ways)
    func `compressed answers are read, whole and streamed`(coding: String, way: (provider: String, wire: String)) throws
    {
        try withServer(["OPENAI_WIRE": way.wire]) { _, asker in
            let (text, result) = try follow(asker, "compressed:\(coding)", of: way.provider)
            #expect(try result.get().completion.text == FaultServer.text)
            #expect(text == FaultServer.text)
            let request = CompletionRequest(Asker.prompt(), model: "fault:compressed:\(coding)")
            #expect(try asker.ask(request, of: [way.provider]).completion.text == FaultServer.text)
        }
    }

    @Test func `an answer in another coding, or one that is a bomb, is a bad response`() throws {
        try withServer(["NOFX_RETRY_MAX": "0"]) { _, asker in
            let request = CompletionRequest(Asker.prompt(), model: "fault:compressed:br")
            let whole = try #require(try asker.failure(request, of: ["openai"]))
            let (_, streamed) = try follow(asker, "compressed:br")
            let error = #expect(throws: AIError.self) { try streamed.get() }
            for error in [whole, error] {
                #expect(error?.code == .badResponse)
                #expect(error?.debugDescription.contains("content coding br") == true)
            }
            let (_, result) = try follow(asker, "bomb")
            #expect(#expect(throws: AIError.self) { try result.get() }?.code == .badResponse)
        }
    }
}
