/// The byte sequences that ``Redaction`` searches for, all in one pass.
struct SecretPatterns: Sendable {
    private struct Pattern: Hashable {
        let bytes: [UInt8]
        let isCaseSensitive: Bool
    }

    /// The patterns by their first two bytes, longest first.
    private var patterns: [Int: [Pattern]] = [:]

    /// Whether any pattern begins with the two bytes; most positions of a text need no other look.
    private var isBeginning: [Bool] = []

    var isEmpty: Bool { patterns.isEmpty }

    /// Adds a pattern of at least two bytes.
    mutating func insert(_ bytes: [UInt8], isCaseSensitive: Bool = false) {
        let pattern = Pattern(
            bytes: isCaseSensitive ? bytes : bytes.map(Self.fold),
            isCaseSensitive: isCaseSensitive
        )
        let beginning = Self.beginning(bytes[0], bytes[1])
        guard !patterns[beginning, default: []].contains(pattern) else { return }
        if isBeginning.isEmpty { isBeginning = [Bool](repeating: false, count: 1 << 16) }
        isBeginning[beginning] = true
        patterns[beginning, default: []].append(pattern)
        patterns[beginning]?.sort { $0.bytes.count > $1.bytes.count }
    }

    /// The ranges of the source in which a pattern is, the longest one at each place.
    func matches(in text: DecodedText) -> [Range<Int>] {
        let bytes = text.bytes
        var found: [Range<Int>] = []
        guard bytes.count >= 2 else { return found }
        for index in 0..<bytes.count - 1 {
            let beginning = Self.beginning(bytes[index], bytes[index + 1])
            guard isBeginning[beginning], let candidates = patterns[beginning],
                let match = candidates.first(where: { Self.matches($0, bytes, at: index) })
            else { continue }
            found.append(text.source(of: index..<index + match.bytes.count))
        }
        return found
    }

    private static func matches(_ pattern: Pattern, _ bytes: [UInt8], at start: Int) -> Bool {
        guard bytes.count - start >= pattern.bytes.count else { return false }
        for (offset, byte) in pattern.bytes.enumerated() {
            let candidate = bytes[start + offset]
            guard candidate == byte || !pattern.isCaseSensitive && fold(candidate) == byte else { return false }
        }
        return true
    }

    private static func beginning(_ first: UInt8, _ second: UInt8) -> Int { Int(fold(first)) << 8 | Int(fold(second)) }

    /// A byte as it is compared: A to Z as a to z, and a plus sign, which stands for a space in forms, as a space.
    private static func fold(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
        case UInt8(ascii: "+"): UInt8(ascii: " ")
        default: byte
        }
    }
}
