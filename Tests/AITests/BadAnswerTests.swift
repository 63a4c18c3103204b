import Base
import Testing

@testable import AI
@testable import HTTPClient

/// Answers with a status of success that are none.
@Suite struct BadAnswerTests {
    private static let bodies: [String] = [
        "", " ", "<html><body>Hello</body></html>", "[]", "null", "\"text\"", "{", "{}", #"{"id": "x"}"#,
        #"{"content": "text"}"#, #"{"choices": []}"#, #"{"choices": [{"index": 0}]}"#, #"{"output": "text"}"#,
        #"{"content": [], "content": []}"#, "{\"content\": [\u{0}]}", "\u{FEFF}{}",
        #"{"content": [{"type": "text", "text": "\ud800"}]}"#,
        String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
    ]

    // Cases: ai 37
    @Test(arguments: WireFormatName.allCases, bodies)
    func `what is no answer is ai_bad_response, asked again once and counted`(
        format: WireFormatName,
        body: String
    ) throws {
        let error = try TestProviders.of(format).error(200, [], body)

        #expect(error?.code == .badResponse, "\(body)")
        #expect(error?.retry == .once && error?.breaker == .failure && error?.tryNextProvider == true)
        #expect(error?.problem.status == 502)
    }

    @Test(arguments: WireFormatName.allCases)
    func `bytes that are no UTF-8 are no answer`(format: WireFormatName) throws {
        let provider = try TestProviders.of(format)
        let body = Array(#"{"content": [{"type": "text", "text": ""#.utf8) + [0xC3, 0x28] + Array(#""}]}"#.utf8)
        let error = failure { () throws(AIError) in
            try provider.completion(from: HTTPResponse(HTTPHead(status: 200, headers: []), body: body))
        }

        #expect(error?.code == .badResponse)
    }

    @Test func `an answer of more than 4 MiB is none, and deep ones are taken to 64 levels`() throws {
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
    func `another status of success does not make an answer of nothing`(status: Int) throws {
        #expect(try TestProviders.chat().error(status)?.code == .badResponse)
    }
}
