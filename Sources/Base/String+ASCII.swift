extension String {
    /// The text with A to Z in lower case and all else as it is: `lowercased()` would turn a Kelvin sign into a k.
    public var lowercasedASCII: String {
        String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
