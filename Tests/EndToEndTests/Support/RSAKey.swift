import Base
import TestSupport

/// An RSA key that the `openssl` command generates for each test run.
struct RSAKey: Sendable {
    /// The public key in PEM.
    let pem: String

    /// The value of `NOFX_JWKS`.
    let keySet: String

    private let privateKey: String

    static func shared() throws -> RSAKey { try once.get() }

    private static let once = Result { try RSAKey() }

    private init() throws {
        privateKey = try Self.shell("openssl genrsa 2048 2>/dev/null")
        pem = try Self.shell("openssl rsa -pubout 2>/dev/null", privateKey)
        let line = try Self.shell("openssl rsa -noout -modulus 2>/dev/null", privateKey)
        let digits = line.split(separator: "=").last.map { Array($0.utf8.prefix { $0 != UInt8(ascii: "\n") }) } ?? []
        let modulus = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
        keySet = #"{"keys":[{"kty":"RSA","kid":"rsa","n":"\#(Base64.encodeURL(modulus))","e":"AQAB"}]}"#
    }

    /// A token with a valid RS256 signature and arbitrary contents.
    func token(header: String, claims: String) throws -> String {
        let message = Tokens.unsigned(header: header, claims: claims)
        let signature = try Self.shell(
            """
            folder=$(mktemp -d) && trap 'rm -r "$folder"' EXIT && cat > "$folder/key" &&
            printf %s '\(message)' | openssl dgst -sha256 -sign "$folder/key" | openssl base64 -A
            """,
            privateKey
        )
        guard let bytes = Base64.decode(Array(signature.utf8)) else { throw Failure() }
        return message + "." + Base64.encodeURL(bytes)
    }

    private static func shell(_ command: String, _ input: String = "") throws -> String {
        let outcome = try Subprocess("/bin/sh", ["-c", command], environment: ["PATH": "/usr/bin:/bin"])
            .finish(Array(input.utf8))
        guard outcome.status == 0 else { throw Failure() }
        return outcome.output
    }

    struct Failure: Error {}
}
