import Base

extension CircuitBreakerPolicy {
    /// A parameter that cannot be.
    public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        /// Its name.
        public let parameter: String

        /// What it must be.
        public let rule: String

        init(_ parameter: String, _ rule: String) {
            self.parameter = parameter
            self.rule = rule
        }

        public var description: String { "\(parameter) \(rule)" }
    }

    /// The longest time that can be told; sums of some stay within what clocks and databases can count.
    static let longest = Duration.seconds(366 * 86_400)

    static func count(_ value: Int, _ parameter: String) throws(Invalid) -> Int {
        guard 1...1_000_000 ~= value else { throw Invalid(parameter, "must be from 1 to 1000000") }
        return value
    }

    static func time(_ value: Duration, _ parameter: String) throws(Invalid) -> Duration {
        guard .milliseconds(1)...longest ~= value else {
            throw Invalid(parameter, "must be from a millisecond to 366 days")
        }
        return value
    }

    static func time(_ value: Duration?, _ parameter: String) throws(Invalid) -> Duration? {
        guard let value else { return nil }
        return try time(value, parameter) as Duration
    }

    static func number(
        _ value: Double,
        _ range: ClosedRange<Double>,
        _ parameter: String
    ) throws(Invalid) -> Double {
        // NaN is in no range.
        guard range ~= value else {
            throw Invalid(parameter, "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A policy as the functions in the schema read it: times in microseconds, and nothing that is not there.
    struct Members: JSONEncodable {
        let times: [(String, Duration?)]
        let counts: [(String, Int?)]
        let numbers: [(String, Double?)]
        let closesAfterMaximumWait: Bool

        func encode(to json: inout JSONWriter) {
            json.object { json in
                for case (let name, let value?) in times { json.member(name, value.wholeMicroseconds) }
                for case (let name, let value?) in counts { json.member(name, value) }
                for case (let name, let value?) in numbers {
                    // Swift writes numbers as JSON does, those that are none were refused.
                    json.member(name, JSONText(trusted: Array("\(value)".utf8)))
                }
                json.member("closesAfterMaximumWait", closesAfterMaximumWait)
            }
        }
    }
}
