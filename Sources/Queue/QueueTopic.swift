/// What a job is about, and so who can do it: 1 to 100 of `a` to `z`, `0` to `9`, `.`, `_`, `/` and `-`, the first of
/// them a letter or a digit.
public struct QueueTopic: Hashable, Sendable, CustomStringConvertible {
    /// The topic as text.
    public let description: String

    /// Takes a text; nil for one that is no topic.
    public init?(_ text: String) {
        guard (1...100).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed),
            let first = text.utf8.first, !Self.marks.contains(first)
        else { return nil }
        description = text
    }

    /// Mail, whose tenant is the team.
    public static let mail = QueueTopic(known: "mail")

    /// Messages to webhooks, whose tenant is the webhook.
    public static let webhook = QueueTopic(known: "webhook")

    private init(known text: String) {
        description = text
    }

    private static var marks: String.UTF8View { "._/-".utf8 }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || marks.contains(byte)
    }
}
