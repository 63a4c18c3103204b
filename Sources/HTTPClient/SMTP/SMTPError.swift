/// Why a message was not taken.
public struct SMTPError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Whether the server will never take this message for this recipient: it refused one of the two for good
    /// (RFC 5321, section 4.2.1).
    ///
    /// Everything else may change: connections, the server's mood, and what its operator or this program's has set up
    /// wrongly, such as the password or the sender.
    public let isPermanent: Bool

    /// What happened, in words that name no host, no address and no value; the server's own words are left out,
    /// because they often repeat the address.
    public let description: String

    init(isPermanent: Bool = false, _ description: String) {
        self.isPermanent = isPermanent
        self.description = description
    }

    init(_ error: HTTPError) {
        self.init(
            error.kind == .failed || error.kind == .invalidResponse ? "the conversation failed" : error.description
        )
    }
}
