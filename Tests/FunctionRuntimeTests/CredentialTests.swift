import Base
import Testing

@testable import FunctionRuntime

struct CredentialTests {
    @Test(arguments: ["Bearer abc", "bearer abc", "BEARER abc"])
    func `a bearer token is found with any case of the scheme`(value: String) throws {
        guard case .token("abc") = try Credential(in: headers(("Authorization", value))) else {
            Issue.record("not the token")
            return
        }
    }

    // Cases: teams 130
    @Test(arguments: [
        "", " ", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "abc", "Token abc", "Bearerabc", "B\u{65}\u{301}arer abc",
    ])
    func `a header that is not a bearer token is not a credential`(value: String) {
        #expect(refusal(("authorization", value)) == "unauthenticated")
    }

    @Test func `no header means no credential`() {
        #expect(refusal() == "unauthenticated")
        #expect(
            refusal(("cookie", "session=abc"), ("x-user-id", "1"), ("proxy-authorization", "Bearer abc"))
                == "unauthenticated"
        )
    }

    @Test(arguments: ["nofx_abc", "", " ", "a, b"])
    func `the value of X-API-Key is a key, unchanged`(value: String) throws {
        guard case .key(let key) = try Credential(in: headers(("X-API-Key", value))) else {
            Issue.record("not the key")
            return
        }
        #expect(key.utf8.elementsEqual(value.utf8))
    }

    @Test(arguments: [
        ("nofx_abc", "x-api-key", "nofx_abc"), ("NOFX_abc", "authorization", "Bearer NOFX_abc"),
        ("e30.e30.AAAA", "authorization", "Bearer e30.e30.AAAA"), ("", "authorization", "Bearer "),
    ])
    func `a command line credential is a key if it has the prefix of keys`(
        credential: String,
        header: String,
        value: String
    ) {
        var headers = Headers()
        headers.add(credential: credential)

        #expect(headers[header] == value)
        #expect(headers.values(of: "authorization").count + headers.values(of: "x-api-key").count == 1)
    }

    // Cases: teams 130
    @Test func `two credentials are ambiguous, even if they are equal`() {
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
            _ = try Credential(in: headers)
            return nil
        } catch {
            return error.status == 401 ? error.code : "\(error.status)"
        }
    }
}
