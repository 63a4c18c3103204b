extension [UInt8] {
    /// Replaces every occurrence of a pattern, from the front.
    ///
    /// The standard library's method would link its regular expressions, which add half a megabyte to every program.
    public func replacing(bytes pattern: [UInt8], by replacement: [UInt8]) -> [UInt8] {
        guard let first = pattern.first else { return self }
        var rest = self[...]
        var result: [UInt8] = []
        while let index = rest.firstIndex(of: first) {
            result += rest[..<index]
            rest = rest[index...]
            if rest.starts(with: pattern) {
                result += replacement
                rest = rest.dropFirst(pattern.count)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }
}

extension String {
    /// Replaces every occurrence of a text.
    ///
    /// The comparison is byte by byte.
    public func replacing(text pattern: String, by replacement: String) -> String {
        String(decoding: Array(utf8).replacing(bytes: Array(pattern.utf8), by: Array(replacement.utf8)), as: UTF8.self)
    }
}

extension String {
    /// Whether the text contains another text.
    ///
    /// The comparison is byte by byte.
    public func contains(text pattern: String) -> Bool {
        utf8.indices.contains { utf8[$0...].starts(with: pattern.utf8) }
    }
}
