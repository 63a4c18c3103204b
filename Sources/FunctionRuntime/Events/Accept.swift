import Base

/// The media types that a caller prefers, with their weights (RFC 9110, section 12.5.1).
struct Accept {
    private struct Range {
        let type: String
        /// In thousandths.
        let quality: Int
    }

    private let ranges: [Range]

    /// Parses the `Accept` header.
    ///
    /// A missing header accepts every type.
    ///
    /// Malformed elements and parameters other than `q` are ignored.
    init(_ headers: Headers) {
        ranges = headers.values(of: "accept").flatMap { $0.split(separator: ",") }.compactMap { element in
            let parts = element.split(separator: ";", omittingEmptySubsequences: false).map(
                \.trimmingBlanks.lowercasedASCII
            )
            guard let type = parts.first, type.utf8.contains(UInt8(ascii: "/")) else { return nil }
            let weight = parts.dropFirst().first { $0.utf8.starts(with: "q=".utf8) }
            guard let quality = Self.thousandths(weight.map { String($0.dropFirst(2)) }) else { return nil }
            return Range(type: type, quality: quality)
        }
    }

    /// Whether the caller prefers the text format of an output to JSON.
    func prefersText<Output: TextOutput>(of _: Output.Type) -> Bool {
        let text = Output.textTypes.map(quality).max() ?? 0
        return text > quality(of: "application/json")
    }

    /// The weight of a type, from 0 to 1000.
    ///
    /// The most specific matching range decides.
    private func quality(of type: String) -> Int {
        guard !ranges.isEmpty else { return 1_000 }
        let family = String(type.prefix { $0 != "/" }) + "/*"
        for name in [type, family, "*/*"] {
            let named = ranges.filter { $0.type.utf8.elementsEqual(name.utf8) }.map(\.quality)
            if let best = named.max() { return best }
        }
        return 0
    }

    /// Parses a weight, `0` to `1` with up to three decimals.
    ///
    /// Returns nil for any other text.
    private static func thousandths(_ weight: String?) -> Int? {
        guard let weight else { return 1_000 }
        let digits = weight.utf8.filter { $0 != UInt8(ascii: ".") }
        let hasPoint = weight.utf8.dropFirst().first == UInt8(ascii: ".")
        guard (1...4).contains(digits.count), weight.utf8.count == digits.count + (hasPoint ? 1 : 0),
            hasPoint || digits.count == 1,
            digits.allSatisfy(\.isDigit)
        else { return nil }
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: 4 - digits.count)
        return Int(String(decoding: digits + zeros, as: UTF8.self)).flatMap { $0 <= 1_000 ? $0 : nil }
    }
}
