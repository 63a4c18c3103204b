extension Duration {
    /// Reads a duration as Go prints it: `12ms`, `6m0s`, `1h2m3.5s`; nil for anything else.
    ///
    /// A number without a unit is none, and so is what is negative or longer than a century.
    init?(go text: String) {
        var rest = text.utf8[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            guard let part = Self.part(&rest) else { return nil }
            total += part
            guard total < Self.century else { return nil }
        }
        self = .nanoseconds(total)
    }

    private static var century: Int64 { 100 * 366 * 86_400 * 1_000_000_000 }

    /// Reads a number with its unit, as nanoseconds.
    private static func part(_ rest: inout Substring.UTF8View) -> Int64? {
        let digits = rest.prefix(while: isDigit)
        rest = rest.dropFirst(digits.count)
        var decimals = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            decimals = rest.dropFirst().prefix(while: isDigit)
            rest = rest.dropFirst(decimals.count + 1)
        }
        let unit = rest.prefix { !isDigit($0) && $0 != UInt8(ascii: ".") }
        rest = rest.dropFirst(unit.count)
        guard digits.count + decimals.count > 0, let scale = scale(of: String(unit)),
            let whole = digits.isEmpty ? 0 : Int64(Substring(digits)), whole < century / scale
        else { return nil }
        var nanoseconds = whole * scale
        var place = scale
        for digit in decimals {
            place /= 10
            nanoseconds += Int64(digit - UInt8(ascii: "0")) * place
        }
        return nanoseconds
    }

    private static func scale(of unit: String?) -> Int64? {
        switch unit {
        case "ns": 1
        case "us", "µs", "μs": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        default: nil
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
