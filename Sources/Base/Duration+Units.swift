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

    /// The whole microseconds, rounded towards zero and clamped to the range of `Int64`.
    public var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, isOver) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return overflow || isOver ? (seconds < 0 ? .min : .max) : sum
    }

    /// The whole nanoseconds, rounded up and clamped to the range of `UInt64`; zero for a negative duration.
    public var nanosecondsClamped: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = whole.addingReportingOverflow(UInt64(attoseconds).roundedUp(to: 1_000_000_000))
        return overflow || carry ? .max : sum
    }
}

extension UInt64 {
    fileprivate func roundedUp(to unit: UInt64) -> UInt64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: unit)
        return remainder == 0 ? quotient : quotient + 1
    }
}
