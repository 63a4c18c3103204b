import Base
import Testing

@testable import AI

@Suite struct ProviderTests {
    @Test func `a provider's key is not shown`() {
        #expect(!"\(Provider(name: "openai", key: .init("sk-1")))".contains("sk-1"))
    }
}
