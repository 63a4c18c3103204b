import Base
import HTTPClient
import Testing

@testable import AI

@Suite struct RedactionTests {
    private let key = "sk-ant-hunter2-Zm9v/+?"

    private func error(saying message: String) throws -> AIError {
        let quoted = String(decoding: message.jsonBytes, as: UTF8.self)
        let body = #"{"type": "error", "error": {"type": "authentication_error", "message": \#(quoted)}}"#
        return try #require(
            try TestProviders.anthropic(key: key).error(401, [(name: "request-id", value: "req_9")], body)
        )
    }

    // Cases: ai 14, 56
    @Test func `an error contains neither the key nor its base64`() throws {
        let encoded = Base64.encode(Array(key.utf8))
        let error = try error(saying: "key \(key) (\(encoded), \(Base64.encodeURL(Array(key.utf8)))) is unknown")

        for text in ["\(error)", error.debugDescription, error.message] {
            #expect(!text.contains("hunter2") && !text.contains(encoded.prefix(20)))
        }
        #expect(error.message == "authentication_error: key [redacted] ([redacted], [redacted]) is unknown")
        var json = JSONWriter()
        error.problem.encode(to: &json, requestID: "r")
        let problem = String(decoding: json.bytes, as: UTF8.self)
        #expect(!problem.contains("hunter2") && !problem.contains("unknown") && problem.contains("ai_auth_failed"))
        #expect(problem.contains(#""status":502"#))
    }

    @Test func `a key at the truncation point of a message is removed entirely`() throws {
        let error = try error(saying: String(repeating: "x", count: 470) + key + String(repeating: "y", count: 600))

        #expect(!error.message.contains("sk-ant"))
        #expect(error.message.unicodeScalars.count == 500)
    }

    @Test func `a key that the server returns as the request id is not logged`() throws {
        let error = try TestProviders.chat(key: key).error(500, [(name: "x-request-id", value: key)], "")

        #expect(error?.requestID == "[redacted]")
    }

    @Test func `the message for users contains no text of the provider`() throws {
        let error = try error(saying: "secret detail")

        #expect(error.description == "anthropic-ai: The AI provider does not accept the key.")
        #expect(
            error.debugDescription
                == "\(error.description) (ai_auth_failed, status 401, request req_9): authentication_error: secret detail"
        )
    }

    @Test func `every error code is safe to show`() {
        for code in AIError.Code.allCases {
            #expect(code.rawValue.hasPrefix("ai_") && code.detail.hasSuffix("."))
        }
    }
}
