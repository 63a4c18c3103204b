import Base
import Core
import System
import Testing

@testable import AI

/// The routes of `NOFX_ROUTES`, and the order of the models of a call.
@Suite struct RouteTests {
    private func read(_ routes: String) throws(ConfigurationError) -> Providers {
        let list =
            #"["vllm","ollama",{"preset":"ollama","name":"small","model":"s-1"},{"preset":"vllm","name":"long","model":"l-1"}]"#
        return try Providers(Environment([("NOFX_PROVIDERS", list), ("NOFX_ROUTES", routes)]))
    }

    private func names(_ candidates: [Candidate]) -> [String] {
        candidates.map { "\($0.provider.name)/\($0.modelName)" }
    }

    private func error(_ cause: AIFailure, hasPartialOutput: Bool = false) -> AIError {
        AIError(cause, provider: "small", hasPartialOutput: hasPartialOutput)
    }

    private let fast = #"""
        [{"name": "fast",
          "models": [{"provider": "small", "weight": 3}, {"provider": "ollama", "model": "o-1"}],
          "fallbacks": [{"provider": "long", "when": ["ai_context_too_long", "ai_refused"]},
                        {"provider": "vllm", "model": "v-1"},
                        {"provider": "vllm", "model": "v-2", "when": ["ai_rate_limited"]}]}]
        """#

    @Test func `a model of a route comes first as often as its weight says`() throws {
        let route = try #require(try read(fast).routes.first)
        #expect(names(route.candidates { _ in 0 }) == ["small/s-1", "ollama/o-1", "long/l-1", "vllm/v-1", "vllm/v-2"])
        let first = (0..<4).map { place in names(route.candidates { min(place, $0 - 1) })[0] }
        #expect(first == ["small/s-1", "small/s-1", "small/s-1", "ollama/o-1"])
        var totals: [Int] = []
        _ = route.candidates { total in
            totals.append(total)
            return 3
        }
        #expect(totals == [4, 3])
        let drawn = try (0..<4_000).filter { _ in
            names(try read(fast).candidates(for: .route("fast")))[0] == "small/s-1"
        }
        #expect((2_700...3_300).contains(drawn.count))
    }

    @Test func `the error decides which model follows`() throws {
        let candidates = try #require(try read(fast).routes.first).candidates { _ in 0 }
        func order(_ causes: AIFailure...) -> [String] {
            var rest = Array(candidates.dropFirst())
            return causes.map { cause in rest.removeNext(after: error(cause)).map { names([$0])[0] } ?? "none" }
        }
        #expect(order(.contextTooLong, .contextTooLong) == ["long/l-1", "ollama/o-1"])
        #expect(order(.overloaded, .overloaded, .overloaded) == ["ollama/o-1", "vllm/v-1", "none"])
        #expect(
            order(.rateLimited, .internalError, .refused, .refused) == ["vllm/v-2", "ollama/o-1", "long/l-1", "none"]
        )
        #expect(order(.overloaded, .contextTooLong, .contextTooLong) == ["ollama/o-1", "long/l-1", "vllm/v-1"])
        #expect(order(.badRequest) == ["none"])
        for cause in [AIFailure.budgetExceeded, .cancelled, .outOfTime, .notConfigured] {
            #expect(order(cause) == ["none"])
        }
        var rest = candidates
        #expect(rest.removeNext(after: error(.overloaded, hasPartialOutput: true)) == nil)
    }

    @Test func `a step's own list goes on when a prompt is too long, and a list of providers does not`() throws {
        let providers = try read("[]")
        let models = ModelChoice.models([("small", nil), ("long", "l-2")])
        var listed = try providers.candidates(for: models)
        #expect(names(listed) == ["small/s-1", "long/l-2"])
        listed.removeFirst()
        #expect(listed.removeNext(after: error(.contextTooLong)).map { names([$0]) } == ["long/l-2"])
        var named = try providers.candidates(for: .providers(["small", "long"], model: "m"))
        #expect(names(named) == ["small/m", "long/l-1"])
        named.removeFirst()
        #expect(named.removeNext(after: error(.contextTooLong)) == nil)
        #expect(named.removeNext(after: error(.modelNotFound)) != nil)
    }

    @Test func `a choice that names nothing uses the providers with a default model`() throws {
        let providers = try read("[]")
        #expect(names(try providers.candidates(for: .providers(nil))) == ["small/s-1", "long/l-1"])
        #expect(names(try providers.candidates(for: .providers(nil, model: "m")))[0] == "vllm/m")
        for choice in [ModelChoice.providers(["small", "none"]), .models([("none", "m")]), .route("none")] {
            let error = #expect(throws: AIError.self) { try providers.candidates(for: choice) }
            #expect(error?.code == .notConfigured)
        }
    }

    @Test func `a policy leaves out models, and allows a route as a whole`() throws {
        let providers = try read(fast)
        func allowed(_ choice: ModelChoice, _ patterns: String...) throws -> [String] {
            names(try providers.candidates(for: choice, allowing: AllowedModels(patterns)))
        }
        #expect(try allowed(.providers(nil), "long/*") == ["long/l-1"])
        #expect(try allowed(.providers(["small", "long"], model: "x"), "small/s-*", "*/l-1") == ["long/l-1"])
        #expect(try allowed(.models([("small", "a"), ("small", "b")]), "*/b") == ["small/b"])
        #expect(try allowed(.route("fast"), "*/*") == [])
        #expect(try allowed(.route("fast"), "route:f*").count == 5)
        #expect(try allowed(.providers(nil), "route:*") == [])
        #expect(try allowed(.providers(nil)) == [])
    }

    @Test(arguments: [
        ("{}", "must be an array"), (#"[{"name":"a"}]"#, "[0].models is required"),
        (#"[{"name":"a","models":[]}]"#, "[0].models must have 1 to 16 elements"),
        (#"[{"name":"A","models":[{"provider":"small"}]}]"#, "[0].name must have"),
        (#"[{"name":"a","models":[{"provider":"none"}]}]"#, "[0].models[0].provider must be a configured provider"),
        (#"[{"name":"a","models":[{"provider":"vllm"}]}]"#, "[0].models[0].model is required, because"),
        (#"[{"name":"a","models":[{"provider":"small","weight":0}]}]"#, "[0].models[0].weight must be from 1"),
        (
            #"[{"name":"a","models":[{"provider":"small","when":["ai_timeout"]}]}]"#,
            "[0].models[0].when is for fallbacks only"
        ),
        (
            #"[{"name":"a","models":[{"provider":"small"}],"fallbacks":[{"provider":"long","weight":1}]}]"#,
            "[0].fallbacks[0].weight is for models only"
        ),
        (
            #"[{"name":"a","models":[{"provider":"small"}],"fallbacks":[{"provider":"long","when":[]}]}]"#,
            "[0].fallbacks[0].when must name an error"
        ),
        (
            #"[{"name":"a","models":[{"provider":"small"}],"fallbacks":[{"provider":"long","when":["too_long"]}]}]"#,
            "[0].fallbacks[0].when[0] must be one of"
        ),
        (
            #"[{"name":"a","models":[{"provider":"small"}],"fallbacks":[{"provider":"long","when":["ai_cancelled"]}]}]"#,
            "[0].fallbacks[0].when[0] must be one of"
        ),
        (
            #"[{"name":"a","models":[{"provider":"small"}]},{"name":"a","models":[{"provider":"long"}]}]"#,
            "[1].name is the name of another route"
        ),
    ])
    func `an invalid route is rejected with its field`(json: String, rule: String) {
        let error = #expect(throws: ConfigurationError.self) { try read(json) }
        #expect(error?.description.hasPrefix("NOFX_ROUTES: ") == true)
        #expect(error?.rule.contains(rule) == true, "\(error?.rule ?? "")")
    }
}
