extension Duration {
    /// The whole nanoseconds, rounded up; nothing for a negative duration, and the most there is for a longer one.
    var nanosecondsClamped: UInt64 {
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
