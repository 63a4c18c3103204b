/// The reason why a message was not sent.
public struct SMTPError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Whether the server will never accept this message for this recipient: it permanently refused one of the two (RFC
    /// 5321, section 4.2.1).
    ///
    /// Other errors can go away: lost connections, temporary conditions of the server, and configuration errors on
    /// either side, such as a wrong password or sender.
    public let isPermanent: Bool

    /// A description without hosts, addresses and values.
    ///
    /// The server's own text is omitted, because it often repeats the address.
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
