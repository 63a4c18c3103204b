import Base
import Cryptography

/// Keys, verifiers and tokens with any header and claims, including invalid ones.
enum TestTokens {
    static let issuer = "https://issuer.example"
    static let audience = "nofx"
    static let secret = Secret("0123456789abcdef0123456789abcdef")

    /// The time at which the tokens are issued; they expire an hour later.
    static let now = time(1_700_000_000)

    static let claims = claims()

    /// Valid claims with changes: a value replaces or adds a member, nil removes it.
    static func claims(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
        var members: [(String, String?)] = [
            ("iss", #""https://issuer.example""#), ("aud", #""nofx""#),
            ("sub", #""0190a5d2-7c1e-7000-8000-000000000001""#), ("iat", "1700000000"), ("exp", "1700003600"),
        ]
        for (name, value) in changes {
            members.removeAll { $0.0 == name }
            members.append((name, value))
        }
        return "{" + members.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }.joined(separator: ",")
            + "}"
    }

    /// A token with a valid HS256 signature and arbitrary contents.
    static func hs256(
        header: String = #"{"alg":"HS256","typ":"JWT"}"#,
        claims: String = claims,
        secret: [UInt8] = secret.bytes
    ) -> String {
        let message = Base64.encodeURL(Array(header.utf8)) + "." + Base64.encodeURL(Array(claims.utf8))
        return message + "." + Base64.encodeURL(HMACSHA256.code(for: Array(message.utf8), key: secret))
    }

    static func time(_ seconds: Int64, microseconds: Int64 = 0) -> Timestamp {
        Timestamp(microsecondsSince1970: seconds * 1_000_000 + microseconds)
    }
}

extension TestTokens {
    static let rsaKey = #"{"kty":"RSA","kid":"rsa","n":"\#(TestVectors.rsaModulus)","e":"AQAB"}"#
    static let p256Key =
        #"{"kty":"EC","crv":"P-256","kid":"ec","x":"\#(TestVectors.p256X)","y":"\#(TestVectors.p256Y)"}"#
    static let ed25519Key = #"{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"\#(TestVectors.ed25519X)"}"#

    static func keySet(_ keys: String...) throws(KeyError) -> JSONWebKeySet {
        try JSONWebKeySet(json: #"{"keys":[\#(keys.joined(separator: ","))]}"#)
    }

    /// A verifier for all four algorithms.
    static func verifier() throws(KeyError) -> TokenVerifier {
        try verifier(keys: keySet(rsaKey, p256Key, ed25519Key))
    }

    static func verifier(secret: Secret? = secret, keys: JSONWebKeySet?) throws(KeyError) -> TokenVerifier {
        try TokenVerifier(secret: secret, keys: keys, issuer: issuer, audience: audience)
    }
}

extension TokenVerifier {
    /// The reason why the token is rejected at a time; nil if it is valid.
    func refusal(of token: String, at time: Timestamp = TestTokens.now) -> TokenError.Reason? {
        do throws(TokenError) {
            _ = try verify(token, now: time)
            return nil
        } catch {
            return error.reason
        }
    }
}

extension KeyError {
    /// The rule and place of the error that the body throws; nil if it throws none.
    static func from(_ work: () throws(KeyError) -> some Any) -> KeyError? {
        do throws(KeyError) {
            _ = try work()
            return nil
        } catch {
            return error
        }
    }
}

extension String {
    /// The token's three parts.
    var parts: [String] { split(separator: ".", omittingEmptySubsequences: false).map(String.init) }

    /// The token with another signature.
    func signed(_ signature: [UInt8]) -> String {
        [parts[0], parts[1], Base64.encodeURL(signature)].joined(separator: ".")
    }
}
