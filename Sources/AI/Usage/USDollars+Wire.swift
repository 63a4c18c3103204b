import Base
import Core

extension USDollars {
    /// An amount in US dollars, as a provider says it; nil for anything but a number that is not negative.
    init?(number value: JSONValue?) {
        guard let dollars = value?.double, dollars >= 0 else { return nil }
        self.init(rawValue: Int64(exactly: (dollars * 1e9).rounded()) ?? .max)
    }
}
