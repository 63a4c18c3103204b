import Testing

@testable import Worker

@Suite struct FencedTextTests {
    @Test(arguments: [
        ("```\na\n```", "a\n"),
        ("```swift\nlet a = 1\n```", "let a = 1\n"),
        ("\n\n  ```swift title=\"a\"\n  let a = 1\n\n\nlet b = 2\n  ```  \n\n", "  let a = 1\n\n\nlet b = 2\n"),
        ("```\r\na\r\nb\r\n```\r\n", "a\r\nb\r\n"),
        ("~~~\na\n```\n~~~", "a\n```\n"),
        ("````md\n```\na\n```\n````", "```\na\n```\n"),
        ("```\na\n`````", "a\n"),
        ("```\n```", ""),
        ("```\n\n```", "\n"),
        ("```html\n日本 🎉\n```", "日本 🎉\n"),
        // Models produce this if they do not make the outer fence longer.
        ("```markdown\n# A\n```sh\nls\n```\nB\n```", "# A\n```sh\nls\n```\nB\n"),
    ])
    func `the content of a single code block is extracted`(text: String, content: String) {
        #expect(FencedText.unwrap(text).utf8.elementsEqual(content.utf8))
    }

    @Test(arguments: [
        "", " ", "a", "```", "```\n", "```\na", "```\na\n``", "```\na\n~~~", "```\na\n``` x", "a\n```\nb\n```",
        "```\na\n```\nb", "```a\n1\n```\n\n```b\n2\n```", "``\na\n``", "```a`b\nx\n```", "````\na\n```",
    ])
    func `any other text is unchanged`(text: String) {
        #expect(FencedText.unwrap(text).utf8.elementsEqual(text.utf8))
    }
}
