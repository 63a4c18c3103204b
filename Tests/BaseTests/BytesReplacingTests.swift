import Base
import Testing

@Suite struct BytesReplacingTests {
    @Test(arguments: [
        ("aXbX", "X", "--", "a--b--"), ("aaab", "aab", "c", "ac"), ("aaa", "aa", "b", "ba"), ("", "a", "b", ""),
        ("abc", "", "x", "abc"), ("~1~0", "~1", "/", "/~0"), ("ab", "abc", "", "ab"), ("äöü", "ö", "", "äü"),
    ])
    func `occurrences are replaced, left to right`(_ text: String, _ pattern: String, _ by: String, _ wanted: String) {
        #expect(text.replacing(text: pattern, by: by) == wanted)
    }

    @Test(arguments: [
        ("abc", "bc", true), ("abc", "abc", true), ("abc", "cd", false), ("aab", "ab", true), ("", "a", false),
    ])
    func `a substring is found at any position`(_ text: String, _ part: String, _ isThere: Bool) {
        #expect(text.contains(text: part) == isThere)
    }
}
