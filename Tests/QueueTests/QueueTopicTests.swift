import Core
import Testing
import Queue

@Suite struct QueueTopicTests {
    @Test(arguments: ["a", "7", "step.ready", "ai/anthropic-ai_2", String(repeating: "x", count: 100)])
    func `a topic is a short name`(_ text: String) {
        #expect(QueueTopic(text)?.description == text)
    }

    @Test(arguments: ["", ".dlq", "-a", "/a", "_a", "A", "é", "a b", "a\0", String(repeating: "x", count: 101)])
    func `other texts are none`(_ text: String) {
        #expect(QueueTopic(text) == nil)
    }
}
