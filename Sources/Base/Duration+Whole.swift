extension Duration {
    /// The whole milliseconds, rounded up.
    public var wholeMilliseconds: Int { whole(1_000_000_000_000_000) }

    private func whole(_ attoseconds: Int64) -> Int {
        let (seconds, rest) = components
        let perSecond = 1_000_000_000_000_000_000 / attoseconds
        let (product, overflow) = seconds.multipliedReportingOverflow(by: perSecond)
        let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: attoseconds)
        let (sum, isOver) = product.addingReportingOverflow(quotient + (remainder > 0 ? 1 : 0))
        return overflow || isOver ? (seconds < 0 ? .min : .max) : Int(sum)
    }

    /// The whole seconds, rounded up.
    public var wholeSeconds: Int { whole(1_000_000_000_000_000_000) }
}
