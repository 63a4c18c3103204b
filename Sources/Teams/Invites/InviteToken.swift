public import Base
import Cryptography
import System

/// The secret that accepts an invite: `nofxi_` and 32 random bytes in URL-safe base64.
///
/// It is shown once, in an answer or in a mail. Only its hash is stored. Printing it shows `[redacted]`.
public struct InviteToken: InputValue, CustomStringConvertible {
    private static var prefix: String { "nofxi_" }
    private static var byteCount: Int { 32 }
    private static let text = TextRule(1...100)

    private let secret: Secret

    public static var rule: String { "string, nofxi_ and 43 characters" }
    public static var form: ValueForm { .pattern(#"^\s*\#(prefix)[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\s*$"#) }

    /// Makes a new token with 256 random bits.
    public static func make() -> InviteToken {
        InviteToken(secret: Secret(prefix + Base64.encodeURL(SecureRandom.bytes(byteCount))))
    }

    private init(secret: Secret) {
        self.secret = secret
    }

    /// Reads a token from an input.
    ///
    /// White space at its ends is removed.
    ///
    /// - Throws: `invalid_format` for every text that ``make()`` cannot have made.
    public init(input: JSONValue) throws(Violations) {
        let text = try String(input: input)
        guard let trimmed = try? Self.text.check(text), Self.isToken(trimmed) else {
            throw Violations(.invalidFormat, "must be an invite token, as in nofxi_…")
        }
        secret = Secret(trimmed)
    }

    /// The token itself, for the answer or the mail that shows it.
    public var text: String { secret.text }

    /// SHA-256 of the token's text.
    ///
    /// The database stores it and finds the invite by it.
    public var hash: [UInt8] { SHA256.digest(secret.bytes) }

    public var description: String { secret.description }

    private static func isToken(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.starts(with: prefix.utf8) else { return false }
        return Base64.decodeURL(bytes.dropFirst(prefix.utf8.count))?.count == byteCount
    }
}
