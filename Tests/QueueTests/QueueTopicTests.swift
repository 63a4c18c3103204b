import Core
import Testing
import Queue

@Suite struct QueueTopicTests {
    @Test(arguments: ["a", "7", "step.ready", "ai/anthropic-ai_2", String(repeating: "x", count: 100)])
    func `a topic is a short name of allowed characters`(_ text: String) {
        #expect(QueueTopic(text)?.description == text)
    }

    @Test(arguments: ["", ".dlq", "-a", "/a", "_a", "A", "é", "a b", "a\0", String(repeating: "x", count: 101)])
    func `any other text is not a topic`(_ text: String) {
        #expect(QueueTopic(text) == nil)
    }
}
