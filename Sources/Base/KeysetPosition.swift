/// A position in a list that is ordered by time, then by identifier (keyset pagination).
public struct KeysetPosition<Key: LosslessStringConvertible> {
    /// The item's time.
    public let time: Timestamp

    /// The item's identifier.
    public let key: Key

    /// The position of an item.
    public init(_ time: Timestamp, _ key: Key) {
        self.time = time
        self.key = key
    }
}
