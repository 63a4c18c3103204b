/// The byte sequences that ``Redaction`` searches for, all in one pass.
///
/// The time for a place in a text depends on how much of a pattern is there, and hardly on the number of patterns.
struct SecretPatterns: Sendable {
    private struct Pattern: Equatable {
        /// The pattern as it is compared.
        let folded: [UInt8]

        /// The pattern as it must be; nil where its case does not matter.
        let exact: [UInt8]?

        func hasCase(of text: ArraySlice<UInt8>) -> Bool { exact.map(text.elementsEqual) ?? true }
    }

    /// The patterns by their first two bytes, in the order of their bytes.
    private var patterns: [Int: [Pattern]] = [:]

    /// Whether any pattern begins with the two bytes; most places of a text need no other look.
    private var isBeginning: [Bool] = []

    var isEmpty: Bool { patterns.isEmpty }

    /// Adds a pattern of at least two bytes.
    mutating func insert(_ bytes: [UInt8], isCaseSensitive: Bool = false) {
        let pattern = Pattern(folded: bytes.map(Self.fold), exact: isCaseSensitive ? bytes : nil)
        let beginning = Self.beginning(bytes[0], bytes[1])
        var bucket = patterns[beginning, default: []]
        guard !bucket.contains(pattern) else { return }
        if isBeginning.isEmpty { isBeginning = [Bool](repeating: false, count: 1 << 16) }
        isBeginning[beginning] = true
        let place = bucket.firstIndex { pattern.folded.lexicographicallyPrecedes($0.folded) } ?? bucket.endIndex
        bucket.insert(pattern, at: place)
        patterns[beginning] = bucket
    }

    /// The ranges of the source in which a pattern is, the longest one at each place.
    func matches(in text: DecodedText) -> [Range<Int>] {
        let bytes = text.bytes
        var found: [Range<Int>] = []
        guard var first = bytes.first.map(Self.fold) else { return found }
        for index in 1..<bytes.count {
            let second = Self.fold(bytes[index])
            let beginning = Int(first) << 8 | Int(second)
            first = second
            guard isBeginning[beginning], let bucket = patterns[beginning],
                let length = Self.longest(of: bucket[...], in: bytes, at: index - 1)
            else { continue }
            found.append(text.source(of: index - 1..<index - 1 + length))
        }
        return found
    }

    /// The length of the longest pattern at a place whose first two bytes are those of the patterns.
    private static func longest(of patterns: ArraySlice<Pattern>, in bytes: [UInt8], at start: Int) -> Int? {
        var candidates = patterns
        var length = 2
        var longest: Int?
        while true {
            // A pattern that ends here is before those that go on.
            while let candidate = candidates.first, candidate.folded.count == length {
                if candidate.hasCase(of: bytes[start..<start + length]) { longest = length }
                candidates = candidates.dropFirst()
            }
            guard !candidates.isEmpty, start + length < bytes.count else { return longest }
            let byte = fold(bytes[start + length])
            let lower = partition(candidates) { $0.folded[length] >= byte }
            candidates = candidates[lower..<partition(candidates[lower...]) { $0.folded[length] > byte }]
            length += 1
        }
    }

    /// The place of the first pattern that a condition holds for, which holds for all behind it as well.
    private static func partition(_ patterns: ArraySlice<Pattern>, _ condition: (Pattern) -> Bool) -> Int {
        var (lower, upper) = (patterns.startIndex, patterns.endIndex)
        while lower < upper {
            let middle = (lower + upper) / 2
            if condition(patterns[middle]) { upper = middle } else { lower = middle + 1 }
        }
        return lower
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
