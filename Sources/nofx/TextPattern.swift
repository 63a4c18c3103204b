import Base

/// The regular expressions (ECMA-262, with the flag `u`) of texts that follow a rule.
///
/// The classes of characters come from the rule itself: each character is asked for. Joiners and variation selectors,
/// which a text may have in some places, are left out. Private use characters and those beyond U+FFFF are not looked
/// at: the few hundred thousand that a rule refuses would make the classes useless for generators of tests.
struct TextPattern {
    private let rule: TextRule

    init(_ rule: TextRule) {
        self.rule = rule
    }

    /// Texts without regard to their length, except that a text of two characters or more may be required.
    var ofText: String {
        let needsTwo = rule.lengths.lowerBound > 1
        return "^\(Self.blank)*\(edge)\(needsTwo ? "\(inner)*\(edge)" : "(?:\(inner)*\(edge))?")\(Self.blank)*$"
    }

    /// Relative paths whose components begin and end with visible characters.
    var ofPath: String {
        let first = excluding(beside: "./", blanks: true)
        let rest = "\(excluding(beside: "/", blanks: false))*\(excluding(beside: "/", blanks: true))"
        let component = "\\.{0,2}\(first)(?:\(rest))?"
        return "^\(component)(?:/\(component))*$"
    }

    /// What is removed from the ends.
    private static var blank: String { "[\(ranges(0...0x7F, where: TextRule.trims))\(BeyondASCII.blank)]" }

    /// A character of a text.
    private var inner: String { excluding(beside: "", blanks: false) }

    /// A character at the ends of a text.
    private var edge: String { excluding(beside: "", blanks: true) }

    private func excluding(beside others: String, blanks: Bool) -> String {
        let refused = Self.ranges(0...0x7F) { scalar in
            !rule.accepts(scalar) || others.unicodeScalars.contains(scalar) || blanks && TextRule.trims(scalar)
        }
        return "[^\(refused)\(blanks ? BeyondASCII.refusedOrBlank : BeyondASCII.refused)]"
    }
}

extension TextPattern {
    /// The classes of the characters beyond ASCII, which are the same for every rule.
    private enum BeyondASCII {
        private static let rule = TextRule(1...1)

        static let blank = ranges(where: TextRule.trims)
        static let refused = ranges(where: isRefused)
        static let refusedOrBlank = ranges { isRefused($0) || TextRule.trims($0) }

        private static func isRefused(_ scalar: Unicode.Scalar) -> Bool {
            let isJoiner = scalar.value == 0x200C || scalar.value == 0x200D
            return !rule.accepts(scalar) || isJoiner || scalar.properties.isVariationSelector
        }

        private static func ranges(where isIn: (Unicode.Scalar) -> Bool) -> String {
            TextPattern.ranges(0x80...0xD7FF, where: isIn) + TextPattern.ranges(0xF900...0xFFFF, where: isIn)
        }
    }

    /// The scalars that fulfil a condition, as ranges of a class.
    private static func ranges(_ all: ClosedRange<UInt32>, where isIn: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        var range: ClosedRange<UInt32>?
        for scalar in all.lazy.compactMap(Unicode.Scalar.init) where isIn(scalar) {
            if let open = range, open.upperBound + 1 == scalar.value {
                range = open.lowerBound...scalar.value
            } else {
                text += range.map(words) ?? ""
                range = scalar.value...scalar.value
            }
        }
        return text + (range.map(words) ?? "")
    }

    private static func words(_ range: ClosedRange<UInt32>) -> String {
        escaped(range.lowerBound) + (range.count > 1 ? "-\(escaped(range.upperBound))" : "")
    }

    /// A character as it is written in a class: by its number.
    private static func escaped(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
}
