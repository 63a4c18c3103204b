/// Why a message was not sent.
public struct MailError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whether it makes no sense to try again.
    public let isPermanent: Bool

    /// What happened, without addresses and other values.
    public let description: String

    init(isPermanent: Bool, _ description: String) {
        self.isPermanent = isPermanent
        self.description = description
    }
}
