import Base
import Testing

@testable import Worker

/// What a running step has written so far, as viewers see it.
@Suite struct LiveTextTests {
    @Test func `a text is shown once for each change, and begins anew with each attempt`() {
        let text = LiveText()
        #expect(text.changed() == nil)
        text.add("Hel")
        text.add("lo")
        #expect(text.changed() == "Hello")
        #expect(text.changed() == nil)
        text.restart()
        #expect(text.changed() == "")
        text.add("Bye")
        #expect(text.changed() == "Bye")
    }

    @Test func `only the end of a long text is kept, in whole characters`() {
        let text = LiveText()
        for number in 0..<20_000 { text.add("日\(number) ") }
        let shown = text.changed() ?? ""
        #expect(shown.utf8.count <= 32 << 10)
        #expect(shown.utf8.count > 31 << 10)
        #expect(shown.hasSuffix("日19999 "))
        #expect(!shown.contains("\u{FFFD}"))
    }

    @Test func `no part of a secret is ever shown`() {
        let secret = "s3cret-日本-of-the-team"
        var redaction = Redaction()
        redaction.add(Secret(secret))
        let text = LiveText()
        text.hide(redaction)
        let all = String(repeating: "before \(secret) after ", count: 3_000)
        for character in all {
            text.add(String(character))
            guard Int.random(in: 0..<50) == 0, let shown = text.changed() else { continue }
            #expect(!shown.contains("s3cr") && !shown.contains("the-team"))
        }
        text.add(String(repeating: ".", count: 2_000))
        #expect(text.changed()?.contains("before [redacted] after") == true)
    }
}
