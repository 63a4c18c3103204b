public import Base
public import Postgres

/// An amount of money in US dollars, exact to a billionth: 0 to a billion dollars as input, any as output.
///
/// It is written as decimal text, because a floating-point number would not carry it.
public struct USDollars: RawRepresentable, Hashable, Comparable, Sendable, InputValue, OutputValue,
    CustomStringConvertible, PostgresEncodable, PostgresDecodable
{
    /// The amount in billionths of a dollar.
    public let rawValue: Int64

    /// Makes an amount of billionths of a dollar.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Reads `12`, `12.5` or `0.000000001`: digits, and up to nine decimals; nil for all else.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let decimals = parts.count == 2 ? Array(parts[1]) : []
        let digits =
            Array(parts[0]) + decimals + [UInt8](repeating: UInt8(ascii: "0"), count: max(0, 9 - decimals.count))
        guard (1...10).contains(parts[0].count), parts.count == 1 || (1...9).contains(decimals.count),
            digits.allSatisfy(\.isDigit)
        else { return nil }
        let amount = digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        guard amount <= Self.most else { return nil }
        rawValue = amount
    }

    private static let most: Int64 = 1_000_000_000_000_000_000

    /// The shortest decimal text of the amount: `12`, `0.0125`.
    public var description: String {
        let (whole, rest) = rawValue.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        var decimals = Array("\(rest)".utf8)
        decimals.insert(contentsOf: [UInt8](repeating: UInt8(ascii: "0"), count: 9 - decimals.count), at: 0)
        while decimals.last == UInt8(ascii: "0") { decimals.removeLast() }
        let sign = rawValue < 0 ? "-" : ""
        return decimals.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(String(decoding: decimals, as: UTF8.self))"
    }

    /// Which amounts are read, in words.
    public static let inWords = "decimal dollars, 0 to 1000000000 with at most 9 decimals"

    public static var rule: String { "string of \(inWords)" }
    public static var form: ValueForm {
        .pattern(#"^(?:0{0,9}1000000000(?:\.0{1,9})?|[0-9]{1,9}(?:\.[0-9]{1,9})?|0[0-9]{9}(?:\.[0-9]{1,9})?)$"#)
    }

    public init(input: JSONValue) throws(Violations) {
        guard let amount = USDollars(try String(input: input)) else {
            throw Violations(.invalidFormat, "must be \(Self.inWords)")
        }
        self = amount
    }

    public func encode(to json: inout JSONWriter) { json.string(description) }

    /// Nothing.
    public static let zero = USDollars(rawValue: 0)

    /// Both amounts; a sum that does not fit stays at the largest amount.
    public static func + (left: USDollars, right: USDollars) -> USDollars {
        let (sum, overflows) = left.rawValue.addingReportingOverflow(right.rawValue)
        return USDollars(rawValue: overflows ? .max : sum)
    }

    public static func < (left: USDollars, right: USDollars) -> Bool { left.rawValue < right.rawValue }
}

/// How much a team may spend on AI calls; nil for no limit.
public struct Budget: Hashable, Sendable {
    /// In one day, in UTC.
    public var daily: USDollars?

    /// In one month, in UTC.
    public var monthly: USDollars?

    /// What happens to calls whose cost is not known.
    public var unpriced = Unpriced.deny

    /// Makes a budget; by default one without limits.
    public init(daily: USDollars? = nil, monthly: USDollars? = nil, unpriced: Unpriced = .deny) {
        self.daily = daily
        self.monthly = monthly
        self.unpriced = unpriced
    }

    /// Whether calls of models without a price are made under a budget, which cannot count them.
    public enum Unpriced: String, Sendable, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable {
        case deny, allow
    }
}
