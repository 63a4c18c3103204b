import Base
import Testing

@testable import AI

@Suite struct ProviderTests {
    @Test func `a provider's key is not shown`() throws {
        let provider = Provider(
            name: "openai",
            wireFormat: .openAIChat,
            baseURL: try BaseURL("https://api.openai.com/v1"),
            keys: [ProviderKey(Secret("sk-1"))]
        )

        #expect(!"\(provider)".contains("sk-1"))
        #expect(!String(reflecting: provider).contains("sk-1"))
    }
}
