import AI
import Base
import Core
import System
import TestSupport
import Testing

@Suite struct PriceTests {
    private let now: Timestamp
    private let prices = PriceList.known

    init() throws {
        now = try #require(Timestamp("2026-11-24T00:00:00Z"))
    }

    private func cost(_ usage: TokenUsage, _ model: String) -> Int64? {
        prices.cost(of: usage, model: model, at: now)?.rawValue
    }

    private func sum(_ parts: Int64...) -> Int64 {
        parts.reduce(0, +)
    }

    // Cases: ai 51
    @Test func `every kind of token has its own price, to the billionth of a dollar`() {
        let usage = TokenUsage(input: 3, output: 5, cacheRead: 7, cacheWrite5m: 11, cacheWrite1h: 13, reasoning: 4)

        // Reasoning tokens are part of the output and must not be charged twice.
        #expect(cost(usage, "claude-opus-5-5") == sum(3 * 4_000, 5 * 20_000, 7 * 200, 11 * 5_000, 13 * 8_000))
        #expect(cost(usage, "gpt-6-sol") == sum(3 * 2_000, 5 * 10_000, 7 * 200, 11 * 2_500, 13 * 2_500))
        #expect(cost(usage, "claude-haiku-5-5") == sum(3 * 100, 5 * 500, 7 * 10, 11 * 125, 13 * 200))
        #expect(cost(usage, "gpt-4o-mini") == sum(3 * 150, 5 * 600, 7 * 75, 11 * 150, 13 * 150))
    }

    // Cases: ai 52
    @Test func `a prompt above the threshold, cached tokens included, has other rates for all tokens`() {
        let short = TokenUsage(input: 50_000, output: 1_000, cacheRead: 49_999, cacheWrite5m: 1)
        let long = TokenUsage(input: 50_000, output: 1_000, cacheRead: 49_999, cacheWrite5m: 1, cacheWrite1h: 1)

        #expect(cost(short, "claude-haiku-5-5") == sum(50_000 * 100, 1_000 * 500, 49_999 * 10, 125))
        #expect(cost(long, "claude-haiku-5-5") == sum(50_000 * 500, 1_000 * 2_500, 49_999 * 50, 625, 1_000))
        #expect(cost(TokenUsage(input: 272_000), "gpt-6-sol") == sum(272_000 * 2_000))
        #expect(cost(TokenUsage(input: 272_001, output: 1), "gpt-6-sol") == sum(272_001 * 4_000, 15_000))
    }

    // Cases: ai 53
    @Test(
        arguments: [
            ("2020-01-01T00:00:00Z", 200), ("2026-10-06T23:59:59.999999Z", 200), ("2026-10-07T00:00:00Z", 100),
            ("2027-01-01T00:00:00Z", 100),
        ] as [(String, Int64)]
    )
    func `a price applies from its first day`(time: String, price: Int64) throws {
        let time = try #require(Timestamp(time))

        #expect(
            prices.cost(of: TokenUsage(cacheRead: 1), model: "claude-sonnet-5-5", at: time)
                == USDollars(rawValue: price)
        )
    }

    @Test func `a model has no price before its first one`() throws {
        let list = PriceList([ModelPrice("m", from: now, .init(input: 1, output: 1))])
        let before = now + .microseconds(-1)

        #expect(list.cost(of: TokenUsage(input: 2), model: "m", at: before) == nil)
        #expect(list.cost(of: TokenUsage(input: 2), model: "m", at: now) == USDollars(rawValue: 2))
    }

    @Test(
        arguments: [
            ("claude-haiku-4-5-20251001", 1_000), ("claude-haiku-4-5@20251001", 1_000),
            ("claude-haiku-4-5-latest", 1_000),
            ("CLAUDE-HAIKU-4-5", 1_000), ("gpt-5.4-mini-2026-03-17", 750), ("gpt-4o-2024-08-06", 2_500),
            ("gpt-4o-2024-05-13", 5_000), ("gpt-4o-mini-2024-07-18", 150), ("gpt-4o-preview-2024-07-18", 2_500),
        ] as [(String, Int64)]
    )
    func `a dated name and an alias have the price of their model`(model: String, price: Int64) {
        #expect(cost(TokenUsage(input: 1), model) == price)
    }

    // Cases: ai 53
    @Test(arguments: [
        "", "-", "claude", "gpt-5.4-ultra", "gpt-4o-audio-preview", "claude-opus-5-6", "claude-opus-5-99999999999",
        "claude-fable-5-2", "llama-4", "-20251001", "-latest", "gpt-4.1-2025-04", "acme/gpt-4o", "/gpt-4o", "openai/",
        "gpt-4o:free",
        "us.gpt-4o", "openai/gpt-oss-120b",
    ])
    func `an unlisted model has an unknown cost, not a cost of zero`(model: String) {
        #expect(cost(TokenUsage(input: 1), model) == nil)
    }

    @Test(
        arguments: [
            ("openai/gpt-4o", 2_500), ("OpenAI/gpt-4o-2024-08-06", 2_500), ("openrouter/openai/gpt-4o-mini", 150),
            ("models/gemini-2.5-pro", 1_250), ("google/gemini-2.5-pro", 1_250), ("x-ai/grok-4.5", 2_000),
            ("anthropic/claude-opus-4.5", 5_000), ("anthropic/claude-haiku-4.5-20251001", 1_000),
            ("anthropic.claude-haiku-4-5-20251001-v1:0", 1_000), ("bedrock/anthropic.claude-opus-4-6-v1", 5_000),
            ("global.anthropic.claude-opus-4-6-v1", 5_000), ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 1_100),
            ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", 3_300), ("groq/openai/gpt-oss-120b", 150),
            ("together_ai/zai-org/GLM-5.3", 1_400), ("openrouter/meta-llama/llama-3.2-3b-instruct:free", 0),
            ("deepseek/deepseek-v4-pro", 1_320), ("mistralai/mistral-small-latest", 150), ("azure/gpt-4.1", 2_000),
        ] as [(String, Int64)]
    )
    func `a name with a prefix has the price of its model`(model: String, price: Int64) {
        #expect(cost(TokenUsage(input: 1), model) == price)
    }

    @Test func `the price of the provider comes before the price of the model`() throws {
        let list = try PriceList(
            Environment([
                (
                    "NOFX_AI_PRICES",
                    #"""
                    {"date": "2026-11-30", "prices": [
                      {"model": "m", "input": 1, "output": 1}, {"provider": "groq", "model": "m", "input": 2, "output": 2},
                      {"provider": "own", "model": "*", "input": 3, "output": 3, "source": "https://own.test"}]}
                    """#
                )
            ])
        )
        let providers = try Providers(
            Environment([
                (
                    "NOFX_PROVIDERS",
                    #"""
                    [{"preset": "groq", "name": "fast", "keys": []}, {"name": "own", "wire": "chat", "baseUrl": "https://o.test"},
                     {"preset": "groq", "keys": [], "prices": [{"model": "m", "input": 4, "output": 4}]}]
                    """#
                )
            ])
        )
        func input(_ model: String, _ provider: String?) -> Int64? {
            list.cost(of: TokenUsage(input: 1), model: model, from: provider.flatMap { providers[$0] }, at: now)?
                .rawValue
        }
        #expect(
            [input("m", nil), input("m", "fast"), input("m", "own"), input("m", "groq")] == [
                1_000, 2_000, 1_000, 4_000,
            ]
        )
        #expect([input("n", nil), input("n", "own"), input("groq/m", nil)] == [nil, 3_000, 2_000])
        // The list takes the place of the known prices.
        #expect(input("gpt-4o", nil) == nil)
    }

    @Test func `the data file is the built-in list`() throws {
        let file = try PriceList(Environment([("NOFX_AI_PRICES", PackageScript.path(of: "docs/prices.json"))]))
        let models = [
            "claude-sonnet-5-5", "claude-haiku-5-5", "gpt-6-sol", "gemini-2.5-pro", "groq/openai/gpt-oss-20b",
        ]
        for model in models {
            let usage = TokenUsage(input: 300_000, output: 7, cacheRead: 5, cacheWrite5m: 3, cacheWrite1h: 2)
            let cost = file.cost(of: usage, model: model, at: now)
            #expect(cost != nil && cost == prices.cost(of: usage, model: model, at: now), "\(model)")
        }
    }

    @Test func `a price of zero is a price`() {
        let list = PriceList([ModelPrice("local", .init(input: 0, output: 0))])

        #expect(list.cost(of: TokenUsage(input: 5, output: 5), model: "local", at: now) == .zero)
    }

    @Test func `a cost that overflows saturates`() {
        let usage = TokenUsage(input: .max, output: .max, cacheRead: .max)

        #expect(cost(usage, "gpt-6-astra") == .max)
        #expect(USDollars(rawValue: .max) + USDollars(rawValue: 1) == USDollars(rawValue: .max))
        #expect(TokenUsage(input: -1, output: -2) == TokenUsage())
    }

    @Test func `an estimate is at least the cost of the call`() throws {
        let request = CompletionRequest(String(repeating: "x", count: 3_000), system: "abc", maxTokens: 200)
        let estimate = try #require(prices.estimate(of: request, model: "claude-opus-5-5", at: now))

        #expect(estimate == USDollars(rawValue: (1_001 + 32) * 8_000 + 200 * 20_000))
        #expect(prices.estimate(of: request, model: "unknown", at: now) == nil)
        let long = CompletionRequest(String(repeating: "x", count: 300_003), maxTokens: 1)
        #expect(
            prices.estimate(of: long, model: "claude-haiku-5-5", at: now)
                == USDollars(rawValue: 100_033 * 1_000 + 2_500)
        )
    }

    @Test func `an operator's prices replace those of the same models only`() throws {
        let list = try PriceList(
            Environment([
                (
                    "NOFX_AI_PRICES",
                    #"""
                    [{"model": "Llama-4", "input": 0.5, "output": 1.25, "cacheRead": 0,
                      "longPrompt": {"above": 10, "input": 1, "output": 2.5}},
                     {"model": "claude-sonnet-5-5", "from": "2026-11-01", "input": 0.001, "output": 1e1}]
                    """#
                )
            ])
        )
        func cost(_ usage: TokenUsage, _ model: String, _ day: Timestamp) -> Int64? {
            list.cost(of: usage, model: model, at: day)?.rawValue
        }
        let before = try #require(Timestamp("2026-10-31T23:59:59Z"))

        #expect(cost(TokenUsage(input: 2, output: 1, cacheRead: 8), "llama-4", now) == sum(2 * 500, 1_250))
        #expect(cost(TokenUsage(input: 2, output: 1, cacheRead: 9), "llama-4", now) == sum(2 * 1_000, 2_500, 9_000))
        #expect(cost(TokenUsage(input: 2, output: 1), "claude-sonnet-5-5", now) == sum(2, 10_000))
        #expect(cost(TokenUsage(input: 2), "claude-sonnet-5-5", before) == nil)
        #expect(cost(TokenUsage(input: 2), "gpt-4o", now) == 5_000)
        #expect(try PriceList(Environment([])).cost(of: TokenUsage(input: 2), model: "gpt-4o", at: now) != nil)
    }

    @Test(arguments: [
        ("{", "must be a JSON array, but the JSON text ends too early at byte 1"), ("{}", "must be an array"),
        (#"[{"model": "m", "input": 1}]"#, "[0].output is required"),
        (
            #"[{"model": "m", "input": -1, "output": 1}]"#,
            "[0].input must be from 0 to 1000000 and have at most three decimals"
        ),
        (
            #"[{"model": "m", "input": 0.0001, "output": 1}]"#,
            "[0].input must be from 0 to 1000000 and have at most three decimals"
        ),
        (#"[{"model": "m", "input": "1", "output": 1}]"#, "[0].input must be a number"),
        (
            #"[{"model": "m", "from": "today", "input": 1, "output": 1}]"#,
            "[0].from must be a date, as in 2026-01-31"
        ),
        (#"[{"model": "m", "input": 1, "output": 1, "price": 1}]"#, "[0].price is not a field of this input"),
        (
            #"[{"model": "m", "input": 1, "output": 1, "longPrompt": {"above": "x", "input": 1, "output": 1}}]"#,
            "[0].longPrompt.above must be a whole number"
        ),
    ])
    func `invalid prices are rejected with the field's name`(value: String, rule: String) {
        #expect(throws: ConfigurationError("NOFX_AI_PRICES", rule)) {
            try PriceList(Environment([("NOFX_AI_PRICES", value)]))
        }
    }
}
