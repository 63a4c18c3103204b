import Base

/// A token issuer's key pair, made by the `openssl` command.
public struct SigningKey: Sendable {
    /// The signature algorithm.
    public enum Algorithm: String, CaseIterable, Sendable {
        case rs256 = "RS256"
        case es256 = "ES256"
    }

    /// The command failed.
    public struct Failure: Error {
        let errors: String
    }

    /// The key's id (`kid`) in tokens.
    public let id: String

    /// The public key, as an element of a key set.
    public let json: String

    private let algorithm: Algorithm
    private let privateKey: String

    /// Makes a new key.
    ///
    /// - Throws: ``Failure`` if there is no `openssl`.
    public init(_ algorithm: Algorithm, id: String) throws {
        self.algorithm = algorithm
        self.id = id
        switch algorithm {
        case .rs256:
            privateKey = try Self.shell("openssl genrsa 2048")
            let line = try Self.shell("openssl rsa -noout -modulus", privateKey)
            let digits = line.utf8.drop { $0 != UInt8(ascii: "=") }.dropFirst().prefix { $0 != UInt8(ascii: "\n") }
            let modulus = Base64.encodeURL(Self.bytes(hexadecimal: Array(digits)))
            json = #"{"kty":"RSA","kid":"\#(id)","use":"sig","n":"\#(modulus)","e":"AQAB"}"#
        case .es256:
            privateKey = try Self.shell("openssl ecparam -name prime256v1 -genkey -noout")
            let encoded = try Self.shell("openssl ec -pubout -outform DER | openssl base64 -A", privateKey)
            // The DER encoding ends in the point: both coordinates, 32 bytes each.
            let point = (Base64.decode(Array(encoded.utf8)) ?? []).suffix(64)
            let (x, y) = (Base64.encodeURL(Array(point.prefix(32))), Base64.encodeURL(Array(point.suffix(32))))
            json = #"{"kty":"EC","crv":"P-256","kid":"\#(id)","x":"\#(x)","y":"\#(y)"}"#
        }
    }

    /// The key set (JWKS) of some keys.
    public static func set(_ keys: [SigningKey]) -> String {
        #"{"keys":[\#(keys.map(\.json).joined(separator: ","))]}"#
    }

    /// A token that the functions under test accept for an hour if they know the key.
    public func token(for subject: String) throws -> String {
        let now = Timestamp.now().secondsSince1970
        return try token(
            header: #"{"alg":"\#(algorithm.rawValue)","kid":"\#(id)"}"#,
            claims: """
                {"iss":"\(TestFunction.issuer)","aud":"\(TestFunction.audience)","sub":"\(subject)",\
                "iat":\(now),"exp":\(now + 3_600)}
                """
        )
    }

    /// A token with a valid signature and arbitrary contents.
    public func token(header: String, claims: String) throws -> String {
        let message = Base64.encodeURL(Array(header.utf8)) + "." + Base64.encodeURL(Array(claims.utf8))
        let encoded = try Self.shell(
            """
            folder=$(mktemp -d) && trap 'rm -r "$folder"' EXIT && cat > "$folder/key" &&
            printf %s '\(message)' | openssl dgst -sha256 -sign "$folder/key" | openssl base64 -A
            """,
            privateKey
        )
        guard let signature = Base64.decode(Array(encoded.utf8)) else { throw Failure(errors: encoded) }
        return message + "." + Base64.encodeURL(algorithm == .es256 ? Self.joined(signature) : signature)
    }

    /// Converts an ECDSA signature from DER, as openssl writes it, into two numbers of 32 bytes (RFC 7518, section
    /// 3.4).
    private static func joined(_ der: [UInt8]) -> [UInt8] {
        func number(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
            let digits = bytes.drop { $0 == 0 }
            return [UInt8](repeating: 0, count: 32 - digits.count) + digits
        }
        let first = der.dropFirst(4).prefix(Int(der[3]))
        return number(first) + number(der.dropFirst(4 + first.count + 2))
    }

    private static func bytes(hexadecimal digits: [UInt8]) -> [UInt8] {
        stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }

    private static func shell(_ command: String, _ input: String = "") throws -> String {
        let outcome = try Subprocess(
            "/bin/sh",
            ["-c", command],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        ).finish(Array(input.utf8))
        guard outcome.status == 0 else { throw Failure(errors: outcome.errors) }
        return outcome.output
    }
}
