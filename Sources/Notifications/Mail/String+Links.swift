extension String {
    /// The text in a form of which no mail program makes a link.
    ///
    /// The marks that make an address of words get brackets: `example[.]com`, `https[:]//`, `ada[@]example[.]com`. A mark
    /// with a space or nothing behind it makes no address and stays as it is, and so do the times of a day.
    var withoutLinks: String {
        let scalars = Array(unicodeScalars)
        var text = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            let next = index + 1 < scalars.count ? scalars[index + 1] : nil
            if let next, scalar.makesLink(of: index > 0 ? scalars[index - 1] : nil, with: next) {
                text += "[\(scalar)]".unicodeScalars
            } else {
                text.append(scalar)
            }
        }
        return String(text)
    }
}

extension Unicode.Scalar {
    /// Whether the scalar makes a part of an address of what stands before and behind it.
    fileprivate func makesLink(of previous: Unicode.Scalar?, with next: Unicode.Scalar) -> Bool {
        switch value {
        // The full stops that domain names may have (UTS #46), and one that looks like them.
        case 0x2E, 0x3002, 0xFF0E, 0xFF61, 0x2024: next.isInWord
        case 0x3A, 0xFF1A: !next.properties.isWhitespace && !(next.isDigit && previous?.isDigit ?? false)
        case 0x40, 0xFF20, 0xFE6B: !next.properties.isWhitespace
        default: false
        }
    }

    private var isDigit: Bool { properties.numericType != nil }

    private var isInWord: Bool { isDigit || properties.isAlphabetic }
}
