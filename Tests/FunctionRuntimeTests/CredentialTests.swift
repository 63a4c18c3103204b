import Base
import Testing

@testable import FunctionRuntime

struct CredentialTests {
    @Test(arguments: ["Bearer abc", "bearer abc", "BEARER abc"])
    func `a bearer token is found, whatever the case of the scheme`(value: String) throws {
        #expect(try Credential.token(in: headers(("Authorization", value))) == "abc")
    }

    @Test(arguments: [
        "", " ", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "abc", "Token abc", "Bearerabc", "B\u{65}\u{301}arer abc",
    ])
    func `what is no bearer token is no credential`(value: String) {
        #expect(refusal(("authorization", value)) == "unauthenticated")
    }

    @Test func `no header at all is no credential`() {
        #expect(refusal() == "unauthenticated")
        #expect(
            refusal(("cookie", "session=abc"), ("x-user-id", "1"), ("proxy-authorization", "Bearer abc"))
                == "unauthenticated"
        )
    }

    @Test func `an API key that cannot be known is refused`() {
        #expect(refusal(("X-API-Key", "nofx_abc")) == "invalid_api_key")
    }

    @Test func `two credentials are ambiguous, be they the same`() {
        #expect(refusal(("authorization", "Bearer a"), ("Authorization", "Bearer a")) == "ambiguous_credentials")
        #expect(refusal(("authorization", "Bearer a"), ("x-api-key", "k")) == "ambiguous_credentials")
        #expect(refusal(("x-api-key", "k"), ("X-API-KEY", "l")) == "ambiguous_credentials")
        #expect(refusal(("authorization", ""), ("x-api-key", "")) == "ambiguous_credentials")
    }

    private func headers(_ fields: (String, String)...) -> Headers {
        var headers = Headers()
        for (name, value) in fields { headers.add(name, value) }
        return headers
    }

    private func refusal(_ fields: (String, String)...) -> String? {
        var headers = Headers()
        for (name, value) in fields { headers.add(name, value) }
        do throws(Problem) {
            _ = try Credential.token(in: headers)
            return nil
        } catch {
            return error.status == 401 ? error.code : "\(error.status)"
        }
    }
}
