public import Base
public import System
import Teams

/// The address of the page where an invite is accepted.
public struct InviteLink: Sendable {
    private static var variable: String { "NOFX_INVITE_URL" }

    private let head: String
    private let tail: String

    /// Reads `NOFX_INVITE_URL`, an address with `{token}` where the token belongs; nil when it is not set.
    ///
    /// - Throws: `ConfigurationError`.
    public init?(_ environment: Environment) throws(ConfigurationError) {
        guard let template = environment[Self.variable] else { return nil }
        guard template.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            template.hasPrefix("https://") || template.hasPrefix("http://")
        else {
            throw ConfigurationError(Self.variable, "must begin with https:// or http://, without spaces")
        }
        // No address has another brace in it.
        let parts = template.split(separator: "{", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasPrefix("token}") else {
            throw ConfigurationError(Self.variable, "must have {token} in it, once")
        }
        (head, tail) = (String(parts[0]), String(parts[1].dropFirst("token}".utf8.count)))
    }

    func address(with token: InviteToken) -> String {
        head + token.text + tail
    }
}
