import Base
import Core
import TestSupport
import Testing

@testable import FunctionRuntime

/// The checks of an API key that need no database.
///
/// There is no database at the configured address.
struct KeyAuthenticatorTests {
    private let input = #""text":"hello""#

    @Test(arguments: [
        "", "k", "nofx_", "null", "nofx_live_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgAAAAAA",
        "Bearer nofx_live_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgAAAAAA",
        "nofx_test_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg1U8r6m",
    ])
    func `a malformed key or a key of another environment is rejected without a database`(text: String) throws {
        let answered = try Answered(event(text))

        #expect(answered.answer.status == 401)
        #expect(try answered.body["code"]?.string == "invalid_api_key")
        #expect(try answered.body["detail"]?.string == "The API key is not valid.")
        #expect(answered.log.containing("key.refused").count == 1)
        #expect(answered.log.all.allSatisfy { !$0.contains("ABCDEFGHIJ") })
    }

    @Test func `a well-formed key needs the database`() throws {
        let answered = try Answered(event(APIKey.make(for: .live).text))

        #expect(answered.answer.status == 503)
        #expect(try answered.body["code"]?.string == "unavailable")
    }

    @Test(arguments: [("live", "test"), ("test", "live")])
    func `each environment accepts only its own keys`(here: String, there: String) throws {
        let environment = ["NOFX_ENVIRONMENT": here]
        let (own, foreign) = (KeyEnvironment(rawValue: here), KeyEnvironment(rawValue: there))
        let taken = try Answered(event(APIKey.make(for: #require(own)).text), environment: environment)
        let refused = try Answered(event(APIKey.make(for: #require(foreign)).text), environment: environment)

        #expect(taken.answer.status == 503)
        #expect(refused.answer.status == 401)
        #expect(refused.log.containing("other_environment").count == 1)
    }

    @Test(arguments: ["prod", "LIVE", "live ", "0"])
    func `there is no third environment`(word: String) {
        #expect(throws: ConfigurationError.self) { try Answered(event("k"), environment: ["NOFX_ENVIRONMENT": word]) }
    }

    @Test func `NOFX_TOKEN and a bearer token may be a key`() throws {
        let key = APIKey.make(for: .live).text

        #expect(try Answered("{\(input)}", .init(token: key)).body["code"]?.string == "unavailable")
        let bearer = try Answered(#"{"headers":{"authorization":"Bearer \#(key)"},"body":{\#(input)}}"#)
        #expect(try bearer.body["code"]?.string == "unavailable")
    }

    private func event(_ key: String) -> String {
        var json = JSONWriter()
        json.object { $0.member("X-API-Key", key) }
        return #"{"headers":\#(String(decoding: json.bytes, as: UTF8.self)),"body":{\#(input)}}"#
    }
}
