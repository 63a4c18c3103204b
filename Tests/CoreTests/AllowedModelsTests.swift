import Base
import Core
import Testing

@Suite struct AllowedModelsTests {
    private func pattern(_ text: String) -> ModelPattern? {
        var json = JSONWriter()
        json.string(text)
        return (try? JSONDocument(parsing: json.bytes).root).flatMap { try? ModelPattern(input: $0) }
    }

    @Test(arguments: [
        "openai/gpt-4o", "openai/gpt-*", "*/*", "*/gpt-4o", "openrouter/meta-llama/*:free", "route:fast", "route:*",
        "route:a_b-c", "openai/%_\\", "o*/x",
    ])
    func `a pattern is a provider and a model, or a route`(text: String) {
        #expect(pattern(text)?.text == text)
    }

    @Test(arguments: [
        "", "*", "openai", "openai/", "/gpt-4o", "OpenAI/gpt-4o", "openai/gpt 4o", "openai/gpt-4ö", "route:",
        "route:a b", "route:Fast", "route:a/b", "openai:gpt-4o", "openai/a\nb",
    ])
    func `any other text is no pattern`(text: String) {
        #expect(pattern(text) == nil)
    }

    @Test func `without patterns everything is allowed, and with an empty list nothing`() {
        #expect(AllowedModels.all.allows("m", of: "p") && AllowedModels.all.allowsRoute("r"))
        #expect(!AllowedModels([]).allows("m", of: "p") && !AllowedModels([]).allowsRoute("r"))
    }

    @Test(arguments: [
        ("openai/gpt-*", "openai", "gpt-4o", true), ("openai/gpt-*", "openai", "gpt-", true),
        ("openai/gpt-*", "openai", "o3", false), ("openai/gpt-*", "azure", "gpt-4o", false),
        ("openai/gpt-4o", "openai", "GPT-4o", false), ("openai/*o", "openai", "gpt-4o", true),
        ("openai/*o", "openai", "gpt-4o-mini", false), ("*/gpt-4o", "openrouter", "gpt-4o", true),
        ("*/gpt-4o", "openrouter", "openai/gpt-4o", false), ("*/*/gpt-4o", "openrouter", "openai/gpt-4o", true),
        ("o*/a*b*c", "own", "a-b-b-c", true), ("o*/a*b*c", "own", "a-c-b", false), ("*/*", "p", "", true),
        ("route:*", "route", "x", false),
    ])
    func `a wildcard stands for any characters of a provider or a model`(
        pattern: String,
        provider: String,
        model: String,
        isAllowed: Bool
    ) {
        #expect(AllowedModels(["none/none", pattern]).allows(model, of: provider) == isAllowed)
    }

    @Test func `a pattern for models allows no route`() {
        #expect(!AllowedModels(["*/*"]).allowsRoute("fast"))
        #expect(AllowedModels(["route:f*"]).allowsRoute("fast") && !AllowedModels(["route:f*"]).allowsRoute("slow"))
    }
}
