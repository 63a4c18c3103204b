extension Unicode.Scalar {
    /// Whether the scalar shows nothing at the end of a text: white space and joiners.
    var isBlank: Bool {
        isASCII ? value == 0x20 || (0x09...0x0D).contains(value) : properties.isWhitespace || isJoiner
    }

    /// Whether the scalar may be part of a text that people read.
    ///
    /// Scalars without an assigned character are accepted, because which those are depends on the Unicode version of
    /// the standard library: the newest emoji would be refused.
    var isPlain: Bool {
        if isASCII { return (0x20...0x7E).contains(value) }
        if isJoiner || properties.isVariationSelector { return true }
        if properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint || isEmptyForm { return false }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate: return false
        default: return true
        }
    }

    /// Whether the scalar is visible without another one: a plain scalar that is no space and no mark.
    var isVisibleBase: Bool {
        if isASCII { return (0x21...0x7E).contains(value) }
        return isPlain && !isJoiner && !properties.isVariationSelector && !properties.isWhitespace && !isMark
    }
}

extension Unicode.Scalar {
    fileprivate var isJoiner: Bool { value == 0x200C || value == 0x200D }

    /// Whether the scalar is a letter or a symbol whose form is empty, although no property says so.
    private var isEmptyForm: Bool {
        switch value {
        case 0x2800,  // BRAILLE PATTERN BLANK
            0x303F,  // IDEOGRAPHIC HALF FILL SPACE
            0xFFFC,  // OBJECT REPLACEMENT CHARACTER
            0x1_3441, 0x1_3442,  // EGYPTIAN HIEROGLYPH FULL BLANK and HALF BLANK
            0x1_6FE4,  // KHITAN SMALL SCRIPT FILLER
            0x1_D159:  // MUSICAL SYMBOL NULL NOTEHEAD
            true
        default: false
        }
    }

    fileprivate var isMark: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    /// Whether the scalar is an emoji without the scalars that follow it; the digits, `#` and `*` are not.
    fileprivate var isEmojiBase: Bool { !isASCII && properties.isEmoji }

    /// Whether the scalar is a letter or a mark of a script in which joiners change the form of letters: the scripts
    /// from Arabic to Myanmar and from Khmer to the Indic ones, and those of the same families in later blocks.
    fileprivate var isOfJoiningScript: Bool {
        switch value {
        case 0x0600...0x109F, 0x1780...0x1CFF, 0xA800...0xABFF, 0xFB50...0xFDFF, 0xFE70...0xFEFF, 0x1_0A00...0x1_1FFF,
            0x1_E900...0x1_E95F:
            properties.isAlphabetic || isMark
        default: false
        }
    }
}

extension Substring.UnicodeScalarView {
    /// Whether a joiner or a variation selector is where it changes nothing that is visible, or a mark has no
    /// character to be on.
    var hasHiddenScalars: Bool {
        var previous: Unicode.Scalar?
        var index = startIndex
        while index < endIndex {
            let scalar = self[index]
            index = self.index(after: index)
            defer { previous = scalar }
            // Most scalars of most texts.
            if scalar.isASCII { continue }
            let next = index < endIndex ? self[index] : nil
            if scalar.isJoiner {
                guard scalar.joins(previous, next) else { return true }
            } else if scalar.properties.isVariationSelector {
                guard let previous, scalar.selectsForm(of: previous, before: next) else { return true }
            } else if previous == nil, scalar.isMark {
                return true
            }
        }
        return false
    }
}

extension Unicode.Scalar {
    /// Whether a joiner has an effect between two scalars.
    fileprivate func joins(_ previous: Unicode.Scalar?, _ next: Unicode.Scalar?) -> Bool {
        guard let previous, let next, !next.isJoiner, !next.properties.isVariationSelector else { return false }
        if previous.isOfJoiningScript { return true }
        let isEmojiPart = previous.isEmojiBase || previous.value == 0xFE0F
        return value == 0x200D && isEmojiPart && next.isEmojiBase
    }

    /// Whether a variation selector has an effect on the scalar before it: on emoji, on ideographs, on mathematical
    /// symbols, and on the letters of Mongolian and Myanmar.
    fileprivate func selectsForm(of base: Unicode.Scalar, before next: Unicode.Scalar?) -> Bool {
        switch value {
        case 0xFE0E, 0xFE0F:
            // A digit is an emoji only as a keycap.
            if base.isASCII { return base.properties.isEmoji && next?.value == 0x20E3 }
            return base.isEmojiBase
        case 0xFE00...0xFE0D:
            return base.properties.isIdeographic || base.properties.isMath && !base.isASCII
                || (0x1000...0x109F).contains(base.value)
        case 0xE_0100...0xE_01EF: return base.properties.isIdeographic
        default: return (0x1800...0x18AF).contains(base.value)
        }
    }
}
