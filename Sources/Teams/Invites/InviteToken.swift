public import Base
import Cryptography
import System

/// What whoever is invited proves the invitation with: `nofxi_` and 32 random bytes in URL-safe base64.
///
/// It is told once, in an answer or in a mail, and only its hash is kept. Printing it shows `[redacted]`.
public struct InviteToken: InputValue, CustomStringConvertible {
    private static var prefix: String { "nofxi_" }
    private static var byteCount: Int { 32 }
    private static let text = TextRule(1...100)

    private let secret: Secret

    public static var rule: String { "string, nofxi_ and 43 characters" }

    /// A new token that nobody else can guess.
    public static func make() -> InviteToken {
        InviteToken(secret: Secret(prefix + Base64.encodeURL(SecureRandom.bytes(byteCount))))
    }

    private init(secret: Secret) {
        self.secret = secret
    }

    /// Reads a token that was told.
    ///
    /// White space at its ends, which comes with copying, is removed.
    ///
    /// - Throws: `invalid_format` for what ``make()`` cannot have made, whatever else is wrong with it.
    public init(input: JSONValue) throws(Violations) {
        let text = try String(input: input)
        guard let trimmed = try? Self.text.check(text), Self.isToken(trimmed) else {
            throw Violations(.invalidFormat, "must be an invite token, as in nofxi_…")
        }
        secret = Secret(trimmed)
    }

    /// The token itself, for the answer or the mail that tells it.
    public var text: String { secret.text }

    /// SHA-256 of the token's text: what the database keeps, and looks it up by.
    public var hash: [UInt8] { SHA256.digest(secret.bytes) }

    public var description: String { secret.description }

    private static func isToken(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.starts(with: prefix.utf8) else { return false }
        return Base64.decodeURL(bytes.dropFirst(prefix.utf8.count))?.count == byteCount
    }
}
