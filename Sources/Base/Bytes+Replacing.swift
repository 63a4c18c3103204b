extension [UInt8] {
    /// The bytes with others in every place of some, from the front.
    ///
    /// The library's own way brings its regular expressions into the program: half a megabyte of every file.
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
    /// The text with another one in every place of one, byte by byte.
    public func replacing(text pattern: String, by replacement: String) -> String {
        String(decoding: Array(utf8).replacing(bytes: Array(pattern.utf8), by: Array(replacement.utf8)), as: UTF8.self)
    }
}

extension String {
    /// Whether a text is a part of this one, byte by byte.
    public func contains(text pattern: String) -> Bool {
        utf8.indices.contains { utf8[$0...].starts(with: pattern.utf8) }
    }
}
