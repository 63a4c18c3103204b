import Base
import Core
import HTTPClient
import Reliability
import System
import TestSupport
import Testing

@testable import AI

/// The providers of `NOFX_PROVIDERS`.
@Suite struct ProviderListTests {
    private let keys = [
        ("AZURE_OPENAI_API_KEY", "az-1"), ("AWS_BEARER_TOKEN_BEDROCK", "bd-1"), ("DEEPSEEK_API_KEY", "ds-1"),
        ("GEMINI_API_KEY", "gm-1"), ("GROQ_API_KEY", "gq-1"), ("MISTRAL_API_KEY", "ms-1"),
        ("OPENROUTER_API_KEY", "or-1"), ("TOGETHER_API_KEY", "tg-1"), ("XAI_API_KEY", "xa-1"),
        ("FIRST_KEY", "hunter2-first"), ("SECOND_KEY", "hunter2-second"), ("SAME_KEY", "hunter2-first"),
        ("BAD_KEY", "hunter2\nX: y"), ("TENANT", "hunter2-tenant"),
    ]

    private func read(_ json: String, _ more: [(String, String)] = []) throws(ConfigurationError) -> Providers {
        try Providers(Environment([("NOFX_PROVIDERS", json)] + keys + more))
    }

    private func provider(_ members: String) throws -> Provider {
        try #require(try read("[{\(members)}]").all.first)
    }

    private func fault(_ json: String, _ more: [(String, String)] = []) -> String? {
        do throws(ConfigurationError) {
            _ = try read(json, more)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(
        arguments: [
            ("deepseek", "https://api.deepseek.com/v1", "ds-1", "deepseek-flash"),
            ("gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "gm-1", "gemini-flash-latest"),
            ("groq", "https://api.groq.com/openai/v1", "gq-1", "openai/gpt-oss-120b"),
            ("mistral", "https://api.mistral.ai/v1", "ms-1", "mistral-small-latest"),
            ("ollama", "http://localhost:11434/v1", nil, nil),
            ("openrouter", "https://openrouter.ai/api/v1", "or-1", "openrouter/auto"),
            ("together", "https://api.together.ai/v1", "tg-1", "openai/gpt-oss-120b"),
            ("vllm", "http://localhost:8000/v1", nil, nil), ("xai", "https://api.x.ai/v1", "xa-1", "grok-4.5-latest"),
        ] as [(String, String, String?, String?)]
    )
    func `a preset needs only a key`(preset: String, url: String, key: String?, model: String?) throws {
        for json in [#"["\#(preset)"]"#, #" [{"preset": "\#(preset)"}]"#] {
            let provider = try #require(try read(json).all.first)
            #expect(provider.name == preset && provider.wireFormat == .openAIChat)
            #expect(provider.baseURL.text == url && provider.defaultModel == model)
            #expect(provider.keys.map(\.secret.text) == [key].compactMap(\.self))
            let request = try provider.request(CompletionRequest("Hi", model: "m"), with: provider.keys.first)
            #expect(request.url == "\(url)/chat/completions")
            let sent = request.headers.first { $0.name == "Authorization" }?.value
            #expect(sent == key.map { "Bearer \($0)" })
        }
    }

    @Test func `every default model of a preset has a price, and local servers are free`() throws {
        for preset in ProviderPreset.allCases {
            guard let settings = preset.settings, let model = settings.model, preset != .openrouter else { continue }
            let provider = try #require(try read(#"["\#(preset.rawValue)"]"#).all.first)
            #expect(PriceList.known.price(of: model, from: provider, at: .now()) != nil, "\(preset)")
        }
        for preset in ["ollama", "vllm"] {
            let provider = try #require(try read(#"["\#(preset)"]"#).all.first)
            let usage = TokenUsage(input: 10, output: 10)
            #expect(PriceList.known.cost(of: usage, model: "any", from: provider, at: .now()) == .zero)
            #expect(PriceList.known.cost(of: usage, model: "any", at: .now()) == nil)
        }
    }

    @Test func `Azure has its resource and deployment in the address, and its own header`() throws {
        let azure = try provider(
            #""preset":"azure","resource":"contoso","apiVersion":"2024-10-21","model":"gpt/4o""#
        )
        let request = try azure.request(CompletionRequest("Hi"), with: azure.keys.first)
        #expect(
            request.url == "https://contoso.openai.azure.com/openai/deployments/gpt%2F4o/chat/completions"
                + "?api-version=2024-10-21"
        )
        #expect(request.headers.first { $0.name == "api-key" }?.value == "az-1")
        #expect(!request.headers.contains { $0.name == "Authorization" })
        for model in ["..", "."] {
            #expect(throws: AIError.self) { try azure.request(CompletionRequest("Hi", model: model), with: nil) }
        }
        let newer = try provider(
            #""preset":"azure","baseUrl":"https://contoso.openai.azure.com/openai/v1","wire":"responses","model":"d""#
        )
        #expect(
            try newer.request(CompletionRequest("Hi"), with: nil).url
                == "https://contoso.openai.azure.com/openai/v1/responses"
        )
    }

    @Test func `Amazon Bedrock has its region in the address`() throws {
        let bedrock = try provider(#""preset":"bedrock","region":"us-west-2","model":"openai.gpt-oss-20b-1:0""#)
        let request = try bedrock.request(CompletionRequest("Hi"), with: bedrock.keys.first)
        #expect(request.url == "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions")
        #expect(request.headers.first { $0.name == "Authorization" }?.value == "Bearer bd-1")
    }

    @Test func `a request to Amazon Bedrock can be signed`() throws {
        let credentials = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "hunter2-aws")]
        let json = #"[{"preset":"bedrock","auth":"aws","region":"us-west-2","model":"m"}]"#
        let bedrock = try #require(try read(json, credentials + [("AWS_SESSION_TOKEN", "token+/=")]).all.first)
        let request = try bedrock.request(CompletionRequest("Hi"), with: nil)
        let signed = try #require(request.headers.first { $0.name == "authorization" }).value
        #expect(signed.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"))
        #expect(
            signed.contains("/us-west-2/bedrock/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, ")
        )
        #expect(request.headers.contains { $0.name == "x-amz-security-token" && $0.value == "token+/=" })
        #expect(!request.headers.contains { $0.name == "Authorization" } && bedrock.keys.isEmpty)
        #expect(bedrock.redacted("hunter2-aws token+/=") == "[redacted] [redacted]")
        #expect(fault(json)?.contains("[0].auth needs the variables AWS_ACCESS_KEY_ID") == true)
    }

    @Test func `all fields take effect`() throws {
        let own = try provider(
            #"""
            "name": "own-1", "wire": "chat", "baseUrl": "https://models.test/v1/", "keys": ["FIRST_KEY", "SECOND_KEY"],
            "auth": "x-api-key", "model": "m-1", "headers": {"X-Team": "a b", "X-Tenant": {"variable": "TENANT"}},
            "query": {"api version": "1&2"}, "breaker": {"failureThreshold": 3, "resetMs": 1500, "growth": 1.5,
            "halfOpenMaxMs": 1000, "halfOpenCloses": true}, "prices": [{"model": "m-1", "input": 1, "output": 2}],
            "maxTokensField": "max_completion_tokens", "promptIncludesCacheWrites": false
            """#
        )
        let request = try own.request(CompletionRequest("Hi", maxTokens: 7), with: own.keys.last)

        #expect(own.name == "own-1" && own.keys.map(\.secret.text) == ["hunter2-first", "hunter2-second"])
        #expect(request.url == "https://models.test/v1/chat/completions?api%20version=1%262")
        let headers = request.headers.filter { $0.name.lowercased().hasPrefix("x-") }.map { "\($0.name): \($0.value)" }
        #expect(headers == ["X-Team: a b", "X-Tenant: hunter2-tenant", "x-api-key: hunter2-second"])
        #expect(String(decoding: request.body ?? [], as: UTF8.self).contains(#""max_completion_tokens":7"#))
        let policy = try #require(own.breakerPolicy)
        #expect(policy.failureThreshold == 3 && policy.resetTimeout == .milliseconds(1_500))
        #expect(
            policy.growthFactor == 1.5 && policy.halfOpenMaximumWait == .seconds(1) && policy.closesAfterMaximumWait
        )
        #expect(policy.successThreshold == 2 && !own.promptIncludesCacheWrites)
        let usage = TokenUsage(input: 1, output: 1)
        #expect(PriceList.known.cost(of: usage, model: "m-1", from: own, at: .now())?.rawValue == 3_000)
        // What a server repeats of the key or of a secret header is not shown.
        let shown = own.redacted("hunter2-first hunter2-second hunter2-tenant a b")
        #expect(shown == "[redacted] [redacted] [redacted] a b")
    }

    @Test func `the messages format has its version and its header`() throws {
        let own = try provider(
            #""name":"claude","wire":"messages","baseUrl":"https://a.test/v1","keys":"FIRST_KEY","apiVersion":"2026-10-21""#
        )
        let request = try own.request(CompletionRequest("Hi", model: "m"), with: own.keys.first)
        #expect(request.url == "https://a.test/v1/messages")
        #expect(request.headers.first { $0.name == "anthropic-version" }?.value == "2026-10-21")
        #expect(request.headers.first { $0.name == "x-api-key" }?.value == "hunter2-first")
    }

    @Test func `variables and the list describe providers together, in the order of the list`() throws {
        let more = [("OPENAI_API_KEY", "sk-1"), ("ANTHROPIC_API_KEY", "sk-2"), ("OPENAI_MODEL", "gpt-x")]
        #expect(try read(#"["groq","gemini"]"#, more).all.map(\.name) == ["anthropic-ai", "openai", "groq", "gemini"])
        let ordered = try read(#"["groq",{"preset":"openai","keys":["FIRST_KEY","SECOND_KEY"]},"anthropic"]"#, more)
        #expect(ordered.all.map(\.name) == ["groq", "openai", "anthropic-ai"])
        #expect(ordered.openAI?.keys.map(\.secret.text) == ["hunter2-first", "hunter2-second"])
        #expect(ordered.openAI?.defaultModel == "gpt-x" && ordered.openAI?.baseURL == .openAI)
        #expect(ordered.anthropic?.keys.map(\.secret.text) == ["sk-2"])
        let second = try read(#"[{"name":"openai-eu","preset":"openai","baseUrl":"https://eu.test/v1"}]"#, more)
        #expect(second.all.map(\.name) == ["anthropic-ai", "openai", "openai-eu"])
        #expect(try read("[]").all.isEmpty)
    }

    @Test func `the list can be a file`() throws {
        let names = try TemporaryFile.with(#"["groq"]"#) { try read($0.path).all.map(\.name) }
        #expect(names == ["groq"])
        let broken = try TemporaryFile.with("no JSON") { fault($0.path) }
        #expect(broken?.hasPrefix("NOFX_PROVIDERS: must be a JSON array, but") == true)
        for path in ["/tmp", "/tmp/nofx-missing/providers.json", "groq"] {
            #expect(fault(path)?.contains("the path of a file") == true)
        }
    }

    @Test(arguments: [
        ("{}", "must be an array"), ("[", "must be a JSON array"), (#"["gemni"]"#, "[0] must be one of"),
        ("[1]", "[0] must be"), (#"["groq","groq"]"#, "[1].name is the name of another provider"),
        (#"[{"preset":"groq","name":"x"},{"preset":"xai","name":"x"}]"#, "[1].name is the name"),
        (#"[{"preset":"groq","name":"openai"}]"#, "[0].name is reserved for the preset openai"),
        (#"[{"preset":"openai","name":"anthropic-ai"}]"#, "[0].name is reserved for the preset anthropic"),
        (#"[{"name":"a","wire":"chat"}]"#, "[0].baseUrl is required"),
        (#"[{"name":"a","baseUrl":"https://a.test"}]"#, "[0].wire is required"),
        (#"[{"wire":"chat","baseUrl":"https://a.test"}]"#, "[0].name is required"),
        (#"[{"preset":"groq","name":"Groq"}]"#, "[0].name must have"),
        (#"[{"preset":"groq","name":"a/b"}]"#, "[0].name must have"),
        (#"[{"preset":"groq","name":"a@b"}]"#, "[0].name must have"),
        (#"[{"preset":"groq","name":"1a"}]"#, "[0].name must have"),
        (#"[{"preset":"groq","wire":"morse"}]"#, "[0].wire must be one of"),
        (#"[{"preset":"groq","baseUrl":"ftp://hunter2"}]"#, "[0].baseUrl must begin with"),
        (#"[{"preset":"groq","baseUrl":"https://{model}.test"}]"#, "[0].baseUrl must have no braces"),
        (#"[{"preset":"groq","baseUrl":"https://a.test/{x}"}]"#, "[0].baseUrl must have no braces"),
        (#"[{"preset":"groq","keys":["sk-hunter2"]}]"#, "[0].keys[0] must be the name of an environment variable"),
        (#"[{"preset":"groq","keys":"MISSING_KEY"}]"#, "[0].keys[0] names an environment variable that is not set"),
        (#"[{"preset":"groq","keys":["BAD_KEY"]}]"#, "[0].keys[0] names a variable whose value has"),
        (#"[{"preset":"groq","keys":["FIRST_KEY","SAME_KEY"]}]"#, "[0].keys[1] names a variable with the same key"),
        (#"[{"preset":"groq","keys":["FIRST_KEY","FIRST_KEY"]}]"#, "[0].keys must name each variable once"),
        (#"[{"preset":"groq","auth":"basic"}]"#, "[0].auth must be one of"),
        (#"[{"preset":"groq","model":"a b"}]"#, "[0].model must be printable"),
        (#"[{"preset":"groq","headers":{"Authorization":"Bearer hunter2"}}]"#, "[0].headers.Authorization is set"),
        (#"[{"preset":"groq","headers":{"X-A":"hunter2\r\nX: y"}}]"#, "[0].headers.X-A must be printable"),
        (#"[{"preset":"groq","headers":{"X A":"b"}}]"#, "[0].headers.X A must be the name"),
        (#"[{"preset":"groq","headers":{"X-A":{"variable":"MISSING"}}}]"#, "[0].headers.X-A names"),
        (#"[{"preset":"groq","headers":{"X-A":{"env":"TENANT"}}}]"#, "[0].headers.X-A.env is not a field"),
        (#"[{"preset":"groq","query":{"a":1}}]"#, "[0].query.a must be a string"),
        (#"[{"preset":"groq","breaker":{"resets":1}}]"#, "[0].breaker.resets is not an option"),
        (#"[{"preset":"groq","breaker":{"resetMs":0}}]"#, "[0].breaker.resetMs must be"),
        (#"[{"preset":"groq","breaker":{"failureRate":0.5}}]"#, "[0].breaker.windowMs must be set"),
        (#"[{"preset":"groq","breaker":{"growth":"2"}}]"#, "[0].breaker.growth must be a number"),
        (#"[{"preset":"groq","prices":[{"model":"m"}]}]"#, "[0].prices[0].input is required"),
        (#"[{"preset":"groq","maxTokensField":"limit"}]"#, "[0].maxTokensField must be one of"),
        (#"[{"preset":"groq","apiVersion":"1"}]"#, "[0].apiVersion is for the wire messages"),
        (#"[{"preset":"groq","resource":"x"}]"#, "[0].resource is for the preset azure"),
        (#"[{"preset":"groq","region":"x"}]"#, "[0].region is for the preset bedrock"),
        (#"["azure"]"#, "[0].apiVersion is required with the preset azure"),
        (#"[{"preset":"azure","apiVersion":"1"}]"#, "[0].resource is required with the preset azure"),
        (#"[{"preset":"azure","apiVersion":"1","resource":"a.b/c"}]"#, "[0].resource must have letters"),
        (#"[{"preset":"bedrock","auth":"aws"}]"#, "[0].region is required with auth aws"),
        (
            #"[{"preset":"bedrock","auth":"aws","region":"r","keys":"FIRST_KEY"}]"#,
            "[0].keys must be absent with auth aws"
        ),
        (#"["bedrock"]"#, "[0].region is required with the preset bedrock"),
        (#"[{"preset":"groq","key":"hunter2"}]"#, "[0].key is not a field"),
        (#"[{"preset":"groq","preset":"xai"}]"#, "must be a JSON array, but"),
        (#"["openai"]"#, "[0].keys is required, unless OPENAI_API_KEY is set"),
    ])
    func `an invalid entry is rejected with its field and without a key`(json: String, rule: String) {
        let text = fault(json) ?? "no fault"
        #expect(text.hasPrefix("NOFX_PROVIDERS: ") && text.contains(rule), "\(text)")
        #expect(!text.contains("hunter2"))
    }

    @Test func `a preset without its key names the variable`() {
        for preset in ["gemini", "mistral", "deepseek", "groq", "xai", "openrouter", "together"] {
            let environment = Environment([("NOFX_PROVIDERS", #"["\#(preset)"]"#)])
            let error = #expect(throws: ConfigurationError.self) { try Providers(environment) }
            #expect(error?.rule == "[0].keys is required, unless \(preset.uppercased())_API_KEY is set")
            let own = #"[{"preset":"\#(preset)","baseUrl":"http://127.0.0.1:1/v1"}]"#
            #expect(throws: Never.self) { try Providers(Environment([("NOFX_PROVIDERS", own)])) }
        }
    }
}
