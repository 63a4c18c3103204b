/// The number grammar (RFC 8259, section 6).
enum JSONNumber {
    /// Finds the end of the number that starts at an offset.
    ///
    /// - Throws: `invalidNumber` or `unexpectedEnd` if the text violates the grammar.
    static func end(in bytes: [UInt8], from start: Int) throws(JSONSyntaxError) -> Int {
        var index = start
        if bytes[index] == UInt8(ascii: "-") { index &+= 1 }
        let integer = index
        index = try digits(in: bytes, from: index)
        if bytes[integer] == UInt8(ascii: "0"), index > integer &+ 1 {
            throw JSONSyntaxError(.invalidNumber, at: integer)
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index = try digits(in: bytes, from: index &+ 1)
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index &+= 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index &+= 1
            }
            index = try digits(in: bytes, from: index)
        }
        return index
    }

    /// Skips one or more digits.
    private static func digits(in bytes: [UInt8], from start: Int) throws(JSONSyntaxError) -> Int {
        var index = start
        while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { index &+= 1 }
        guard index > start else {
            throw JSONSyntaxError(index < bytes.count ? .invalidNumber : .unexpectedEnd, at: index)
        }
        return index
    }

    /// The exact value of a number without fraction and exponent.
    ///
    /// Returns nil for other numbers and if the value does not fit.
    static func integer(_ digits: ArraySlice<UInt8>) -> Int? {
        let isNegative = digits.first == UInt8(ascii: "-")
        var value = 0
        for byte in isNegative ? digits.dropFirst() : digits {
            guard byte &- UInt8(ascii: "0") < 10 else { return nil }
            let digit = Int(byte &- UInt8(ascii: "0"))
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflows) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !isTooLarge, !overflows else { return nil }
            value = sum
        }
        return value
    }

    /// Whether a number has neither fraction nor exponent.
    static func isWhole(_ text: ArraySlice<UInt8>) -> Bool {
        text.allSatisfy { $0 == UInt8(ascii: "-") || $0 &- UInt8(ascii: "0") < 10 }
    }

    /// The nearest `Double`, or nil if that is infinite.
    static func double(_ text: ArraySlice<UInt8>) -> Double? {
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// Whether a number is within the range of `Double` and has at most 400 decimals and an exponent of at most ±400.
    ///
    /// Postgres stores the numbers of a `jsonb` as `numeric`. It rejects larger numbers and prints smaller ones in
    /// full: the seven bytes `1e-9999` would be returned as ten thousand bytes.
    static func isStorable(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(whereSeparator: { $0 | 0x20 == UInt8(ascii: "e") })
        if parts.count == 2 {
            let isSigned = parts[1].first == UInt8(ascii: "+")
            guard let exponent = integer(isSigned ? parts[1].dropFirst() : parts[1]), exponent.magnitude <= 400 else {
                return false
            }
        }
        let point = parts[0].firstIndex(of: UInt8(ascii: ".")) ?? parts[0].endIndex
        return parts[0].endIndex - point <= 401 && double(text) != nil
    }
}
