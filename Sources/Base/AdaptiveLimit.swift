/// The size of a batch that has to be done in a limited time: it is halved after a batch that took too long, down to 1,
/// and doubled after one that did not.
public struct AdaptiveLimit: Sendable {
    /// The size of the next batch.
    public private(set) var count: Int

    private let most: Int

    /// Starts with the largest size.
    public init(_ most: Int) {
        self.most = max(most, 1)
        count = self.most
    }

    /// Records a batch.
    ///
    /// - Parameter isInTime: Whether it was done in time.
    public mutating func record(isInTime: Bool) {
        count = isInTime ? min(count * 2, most) : max(count / 2, 1)
    }
}
