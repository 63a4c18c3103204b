/// How much JSON is read before it is refused.
public struct JSONLimits: Hashable, Sendable {
    /// The most bytes of text; more than 256 MiB are never read.
    public var bytes: Int

    /// The most arrays and objects inside each other.
    public var depth: Int

    /// Makes limits from bytes of text and levels of nesting.
    public init(bytes: Int, depth: Int) {
        self.bytes = bytes
        self.depth = depth
    }

    /// The limits of an event: 1 MiB, 32 levels.
    public static let event = JSONLimits(bytes: 1 << 20, depth: 32)
}
