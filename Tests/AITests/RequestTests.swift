import Base
import HTTPClient
import Testing

@testable import AI

@Suite struct RequestTests {
    private func body(_ request: HTTPRequest) -> String {
        String(decoding: request.body ?? [], as: UTF8.self)
    }

    private func header(_ name: String, of request: HTTPRequest) -> [String] {
        request.headers.filter { $0.name.lowercased() == name }.map(\.value)
    }

    /// A request with all fields.
    private func full() throws -> CompletionRequest {
        var request = CompletionRequest("Say \"hi\"", model: "m-1", system: "Be brief.", maxTokens: 64)
        request.messages += [.init(.assistant, "Hi"), .init(.user, "More")]
        request.effort = .low
        request.schema = try OutputSchema(name: "greeting", #"{"type": "string"}"#)
        request.userID = "u-1"
        request.temperature = 0.5
        return request
    }

    @Test func `a prompt for Anthropic has only the required fields`() throws {
        let request = try TestProviders.anthropic().request(CompletionRequest("Hi", maxTokens: 16))

        #expect(
            body(request) == #"{"model":"test-model","max_tokens":16,"messages":[{"role":"user","content":"Hi"}]}"#
        )
        #expect(request.method == .post)
        #expect(request.headers.map(\.name) == ["Content-Type", "Accept", "anthropic-version", "x-api-key"])
        #expect(request.headers.map(\.value) == ["application/json", "application/json", "2023-06-01", "sk-ant-1"])
    }

    @Test func `all fields are encoded for Anthropic`() throws {
        var asked = try full()
        asked.stopSequences = ["END"]
        let request = try TestProviders.anthropic().request(asked, isStreamed: true)

        #expect(
            body(request) == """
                {"model":"m-1","max_tokens":64,"system":"Be brief.","messages":[\
                {"role":"user","content":"Say \\"hi\\""},{"role":"assistant","content":"Hi"},\
                {"role":"user","content":"More"}],"stop_sequences":["END"],"temperature":0.5,\
                "metadata":{"user_id":"u-1"},"output_config":{"effort":"low","format":{"type":"json_schema",\
                "schema":{"type": "string"}}},"stream":true}
                """
        )
    }

    @Test func `all fields are encoded for OpenAI Chat Completions`() throws {
        var asked = try full()
        asked.stopSequences = ["END"]
        let request = try TestProviders.chat().request(asked, isStreamed: true)

        #expect(
            body(request) == """
                {"model":"m-1","max_completion_tokens":64,"messages":[{"role":"system","content":"Be brief."},\
                {"role":"user","content":"Say \\"hi\\""},{"role":"assistant","content":"Hi"},\
                {"role":"user","content":"More"}],"stop":["END"],"temperature":0.5,"reasoning_effort":"low",\
                "safety_identifier":"u-1","response_format":{"type":"json_schema","json_schema":\
                {"name":"greeting","strict":true,"schema":{"type": "string"}}},"stream":true,\
                "stream_options":{"include_usage":true}}
                """
        )
        #expect(header("authorization", of: request) == ["Bearer sk-1"])
    }

    @Test func `all fields except stop sequences are encoded for OpenAI Responses`() throws {
        let provider = try TestProviders.responses()
        let request = try provider.request(try full(), isStreamed: true)

        #expect(
            body(request) == """
                {"model":"m-1","max_output_tokens":64,"instructions":"Be brief.","input":[\
                {"role":"user","content":"Say \\"hi\\""},{"role":"assistant","content":"Hi"},\
                {"role":"user","content":"More"}],"temperature":0.5,"reasoning":{"effort":"low"},\
                "safety_identifier":"u-1","text":{"format":{"type":"json_schema","name":"greeting","strict":true,\
                "schema":{"type": "string"}}},"store":false,"stream":true}
                """
        )
        var stopped = try full()
        stopped.stopSequences = ["END"]
        #expect(failure { () throws(AIError) in try provider.request(stopped) }?.code == .badRequest)
    }

    // Cases: ai 66
    @Test(arguments: WireFormatName.allCases)
    func `no sampling parameter is sent unless it is set`(format: WireFormatName) throws {
        let request = try TestProviders.of(format).request(CompletionRequest("Hi"))

        #expect(!body(request).contains("temperature") && !body(request).contains("top_"))
        #expect(header("expect", of: request) == [])
    }

    // Cases: ai 66
    @Test func `the key is sent in exactly one header, as configured`() throws {
        var provider = try TestProviders.anthropic()
        provider.apiVersion = "2026-10-21"
        provider.authentication = .bearer
        let request = try provider.request(CompletionRequest("Hi"))

        #expect(header("authorization", of: request) == ["Bearer sk-ant-1"])
        #expect(header("x-api-key", of: request) == [])
        #expect(header("anthropic-version", of: request) == ["2026-10-21"])
    }

    @Test func `a provider without a key gets no key header`() throws {
        let request = try TestProviders.chat("http://localhost:11434/v1", key: nil).request(CompletionRequest("Hi"))

        #expect(request.headers.map(\.name) == ["Content-Type", "Accept"])
    }

    @Test func `organization, project and the name of the token limit are sent as configured`() throws {
        var provider = try TestProviders.chat()
        provider.organization = "org-1"
        provider.project = "proj-1"
        provider.maxTokensField = .maxTokens
        let request = try provider.request(CompletionRequest("Hi", maxTokens: 5))

        #expect(header("openai-organization", of: request) == ["org-1"])
        #expect(header("openai-project", of: request) == ["proj-1"])
        #expect(body(request).contains(#""max_tokens":5,"#))
    }

    // Cases: ai 65
    @Test(arguments: [
        ("https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/v1/", "https://api.anthropic.com/v1/messages"),
        ("http://[::1]:4000/proxy/v1/", "http://[::1]:4000/proxy/v1/messages"),
        ("https://gateway.example/v1x", "https://gateway.example/v1x/v1/messages"),
        ("https://openrouter.ai/api", "https://openrouter.ai/api/v1/messages"),
    ])
    func `Anthropic's path follows the base URL, with or without slash and version`(
        base: String,
        url: String
    ) throws {
        #expect(try TestProviders.anthropic(base).request(CompletionRequest("Hi")).url == url)
    }

    // Cases: ai 65
    @Test(arguments: [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("http://localhost:4000", "http://localhost:4000"),
        ("http://localhost:4000/", "http://localhost:4000"),
    ])
    func `OpenAI's paths follow the base URL, with or without slash`(base: String, stem: String) throws {
        let request = CompletionRequest("Hi")

        #expect(try TestProviders.chat(base).request(request).url == "\(stem)/chat/completions")
        #expect(try TestProviders.responses(base).request(request).url == "\(stem)/responses")
    }

    @Test func `an invalid request is rejected before it is sent`() throws {
        let provider = try TestProviders.anthropic()
        var requests = [CompletionRequest(messages: [], maxTokens: 1), CompletionRequest("Hi", maxTokens: 0)]
        for temperature in [Double.nan, .infinity, -0.1] {
            requests.append(CompletionRequest("Hi"))
            requests[requests.count - 1].temperature = temperature
        }
        for request in requests {
            let error = failure { () throws(AIError) in try provider.request(request) }
            #expect(error?.code == .badRequest)
            #expect(error?.status == nil && error?.retry == .never && error?.breaker == .neutral)
        }
    }

    @Test func `a request without a model needs a provider with a default model`() throws {
        var provider = try TestProviders.chat()
        provider.defaultModel = nil
        let error = failure { () throws(AIError) in try provider.request(CompletionRequest("Hi")) }

        #expect(error?.debugDescription.hasSuffix("no model is named") == true)
    }
}
