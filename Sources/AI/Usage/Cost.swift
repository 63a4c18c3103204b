public import Base

/// An amount of money, in billionths of a US dollar.
public struct Cost: Sendable, Hashable, Comparable {
    /// Billionths of a US dollar, never negative.
    public let nanoUSD: Int64

    /// An amount; what is negative counts as nothing.
    public init(nanoUSD: Int64) {
        self.nanoUSD = max(nanoUSD, 0)
    }

    /// An amount in US dollars, as a provider says it; nil for anything but a number that is not negative.
    init?(usd value: JSONValue?) {
        guard let dollars = value?.double, dollars >= 0 else { return nil }
        self.init(nanoUSD: Int64(exactly: (dollars * 1e9).rounded()) ?? .max)
    }

    /// Nothing.
    public static let zero = Cost(nanoUSD: 0)

    /// Both amounts; a sum that does not fit stays at the largest amount.
    public static func + (left: Cost, right: Cost) -> Cost {
        let (sum, overflows) = left.nanoUSD.addingReportingOverflow(right.nanoUSD)
        return Cost(nanoUSD: overflows ? .max : sum)
    }

    public static func < (left: Cost, right: Cost) -> Bool {
        left.nanoUSD < right.nanoUSD
    }
}

extension Cost: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.integer(nanoUSD)
    }
}
