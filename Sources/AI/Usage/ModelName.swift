import Base

/// The names that a model's price may be listed under.
enum ModelName {
    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

    /// Words behind a name that do not make another model of it.
    private static let words: Set<String> = ["latest", "preview", "default"]

    /// The name itself first, then without what may stand at its end: each a prefix of the one before.
    ///
    /// Whatever else follows a name, such as `-pro`, makes another model of it, whose price nobody can guess.
    static func candidates(of model: String) -> [String] {
        var candidates = [model.lowercasedASCII]
        while let name = candidates.last, let shorter = withoutDate(name) ?? withoutWord(name) {
            candidates.append(shorter)
        }
        return candidates
    }

    /// Drops `-20251001`, `@20251001` or `-2025-10-01`.
    private static func withoutDate(_ name: String) -> String? {
        for pattern in ["-dddddddd", "@dddddddd", "-dddd-dd-dd"] {
            let end = name.utf8.suffix(pattern.utf8.count)
            guard end.count < name.utf8.count else { continue }
            let fits = zip(end, pattern.utf8).allSatisfy { byte, expected in
                expected == UInt8(ascii: "d") ? digits.contains(byte) : byte == expected
            }
            if fits, end.count == pattern.utf8.count { return String(name.dropLast(pattern.utf8.count)) }
        }
        return nil
    }

    private static func withoutWord(_ name: String) -> String? {
        guard let dash = name.lastIndex(of: "-"), dash > name.startIndex,
            words.contains(String(name[dash...].dropFirst()))
        else { return nil }
        return String(name[..<dash])
    }
}
