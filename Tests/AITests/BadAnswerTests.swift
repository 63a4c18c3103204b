import Base
import Testing

@testable import AI
@testable import HTTPClient

/// Responses with a success status whose body is not an answer.
@Suite struct BadAnswerTests {
    private static let bodies: [String] = [
        "", " ", "<html><body>Hello</body></html>", "[]", "null", "\"text\"", "{", "{}", #"{"id": "x"}"#,
        #"{"content": "text"}"#, #"{"choices": [{"index": 0}]}"#, #"{"output": "text"}"#,
        "{\"content\": [\u{0}]}", "\u{FEFF}{}", #"{"content": [], }"#, #"{"content": [] "x": 1}"#,
        String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
    ]

    // Cases: ai 37
    @Test(arguments: WireFormatName.allCases, bodies)
    func `an unusable body is ai_bad_response, is retried once and counts as a failure`(
        format: WireFormatName,
        body: String
    ) throws {
        let error = try TestProviders.of(format).error(200, [], body)

        #expect(error?.code == .badResponse, "\(body)")
        #expect(error?.retry == .once && error?.breaker == .failure && error?.tryNextProvider == true)
        #expect(error?.problem.status == 502)
    }

    @Test func `an answer over 4 MiB is rejected, and nesting is accepted up to 64 levels`() throws {
        let provider = try TestProviders.anthropic()
        let long = #"{"content": [{"type": "text", "text": "\#(String(repeating: "x", count: 4 << 20))"}]}"#
        func deep(_ levels: Int) -> String {
            let brackets = String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1)
            return #"{"content": [{"type": "text", "text": "a"}], "x": \#(brackets)}"#
        }

        #expect(provider.error(200, [], long)?.code == .badResponse)
        #expect(try provider.read(deep(64)).text == "a")
        #expect(provider.error(200, [], deep(65))?.code == .badResponse)
    }

    @Test(arguments: [201, 204])
    func `an unusable body is rejected with any 2xx status`(status: Int) throws {
        #expect(try TestProviders.chat().error(status)?.code == .badResponse)
    }
}
