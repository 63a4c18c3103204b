import Base
import Cryptography
import TestSupport

/// Tokens that an honest issuer would not make.
enum Tokens {
    static let subject = "01890a5d-ac96-774b-bcce-b302099a8057"

    /// Valid claims for an hour, with changes: a value replaces or adds a claim, nil removes it.
    static func claims(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
        let now = Timestamp.now().secondsSince1970
        var members: [(String, String?)] = [
            ("iss", #""\#(TestFunction.issuer)""#), ("aud", #""\#(TestFunction.audience)""#),
            ("sub", #""\#(subject)""#),
            ("iat", "\(now)"), ("exp", "\(now + 3_600)"),
        ]
        for (name, value) in changes {
            members.removeAll { $0.0 == name }
            members.append((name, value))
        }
        return "{" + members.compactMap { name, value in value.map { #""\#(name)":\#($0)"# } }.joined(separator: ",")
            + "}"
    }

    /// A token with a valid HS256 signature and arbitrary contents.
    static func signed(
        header: String = #"{"alg":"HS256","typ":"JWT"}"#,
        claims: String = claims(),
        secret: String = TestFunction.secret
    ) -> String {
        let message = unsigned(header: header, claims: claims)
        return message + "." + Base64.encodeURL(HMACSHA256.code(for: Array(message.utf8), key: Array(secret.utf8)))
    }

    /// The header and the claims of a token, without a signature.
    static func unsigned(header: String, claims: String = claims()) -> String {
        Base64.encodeURL(Array(header.utf8)) + "." + Base64.encodeURL(Array(claims.utf8))
    }

    /// All kinds of forged tokens, with the code of the refusal.
    static func forgeries(publicKey: RSAKey) throws -> [(what: String, token: String, code: String)] {
        let now = Timestamp.now().secondsSince1970
        let good = signed()
        let parts = good.split(separator: ".").map(String.init)
        let other = claims(["sub": #""01890a5d-ac96-774b-bcce-000000000000""#])
        let rs256 = try publicKey.token(header: #"{"alg":"RS256","kid":"rsa"}"#, claims: claims())
        let invalid: [(String, String)] = [
            ("alg none", unsigned(header: #"{"alg":"none"}"#) + "."),
            ("alg None", unsigned(header: #"{"alg":"None"}"#) + "."),
            ("alg nOnE with a signature", unsigned(header: #"{"alg":"nOnE"}"#) + "." + parts[2]),
            ("no alg", signed(header: #"{"typ":"JWT"}"#)),
            ("an empty signature", parts[0] + "." + parts[1] + "."),
            ("the RSA key as a secret", signed(header: #"{"alg":"HS256","kid":"rsa"}"#, secret: publicKey.pem)),
            ("the RSA key as a secret, unnamed", signed(secret: publicKey.pem)),
            ("another secret", signed(secret: "another secret of the tests, of 32 bytes")),
            ("a kid for a secret that has none", signed(header: #"{"alg":"HS256","kid":"x"}"#)),
            ("an unknown kid", try publicKey.token(header: #"{"alg":"RS256","kid":"other"}"#, claims: claims())),
            ("RS512 for an RS256 key", try publicKey.token(header: #"{"alg":"RS512","kid":"rsa"}"#, claims: claims())),
            ("ES256 for an RS256 key", try publicKey.token(header: #"{"alg":"ES256","kid":"rsa"}"#, claims: claims())),
            ("crit", signed(header: #"{"alg":"HS256","crit":["exp"]}"#)),
            ("crit of mixed types", signed(header: #"{"alg":"HS256","crit":["exp",1]}"#)),
            ("a key of its own", signed(header: #"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}"#)),
            ("an address of a key", signed(header: #"{"alg":"HS256","jku":"http://127.0.0.1:1/"}"#)),
            ("alg twice", signed(header: #"{"alg":"none","alg":"HS256"}"#)),
            ("other claims", [parts[0], Base64.encodeURL(Array(other.utf8)), parts[2]].joined(separator: ".")),
            (
                "other claims, RS256",
                {
                    let parts = rs256.split(separator: ".")
                    return "\(parts[0]).\(Base64.encodeURL(Array(other.utf8))).\(parts[2])"
                }()
            ),
            ("half a signature", String(good.dropLast(20))), ("a longer signature", good + "AAAA"),
            ("padding", good + "="), ("four parts", good + ".e30"), ("two parts", parts[0] + "." + parts[1]),
            ("another issuer", signed(claims: claims(["iss": #""https://issuer.test/""#]))),
            ("another audience", signed(claims: claims(["aud": #""other""#]))),
            ("no audience", signed(claims: claims(["aud": nil]))),
            ("no end", signed(claims: claims(["exp": nil]))),
            ("an end that is text", signed(claims: claims(["exp": #""9999999999""#]))),
            ("an end beyond numbers", signed(claims: claims(["exp": "1e400"]))),
            ("not yet", signed(claims: claims(["nbf": "\(now + 90)"]))),
            ("from the future", signed(claims: claims(["iat": "\(now + 90)"]))),
            ("too long a life", signed(claims: claims(["exp": "\(now + 90_000)"]))),
            ("no subject", signed(claims: claims(["sub": nil]))), ("claims that are a list", signed(claims: "[]")),
            ("9 KiB", signed(claims: claims(["x": "\"" + String(repeating: "x", count: 9_000) + "\""]))),
            ("no token", "null"), ("junk", "junk"), ("dots", ".."),
        ]
        return invalid.map { ($0.0, $0.1, "invalid_token") }
            + [("expired", signed(claims: claims(["iat": nil, "exp": "\(now - 70)"])), "token_expired")]
    }
}
