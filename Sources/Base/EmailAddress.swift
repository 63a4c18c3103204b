/// An email address such as `ada@example.com` (RFC 5321, section 4.1.2), restricted to a form that can be mailed,
/// stored and compared reliably.
///
/// It is ASCII: a local part of 1 to 64 characters without quotes, comments and `%`, and a host name of at least two
/// labels; 254 characters in all. A domain in another script is written with its `xn--` labels. An IP address is no
/// domain, in whatever notation.
public struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address as written, without surrounding white space.
    public let text: String

    /// Parses an address.
    ///
    /// Returns nil for any other text.
    public init?(_ text: String) {
        var address = Substring(text).utf8
        while let byte = address.first, byte.isWhiteSpace { address.removeFirst() }
        while let byte = address.last, byte.isWhiteSpace { address.removeLast() }
        let parts = address.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard address.count <= 254, parts.count == 2, Self.isLocalPart(parts[0]), Self.isDomain(parts[1]) else {
            return nil
        }
        self.text = String(Substring(address))
    }

    /// The form for comparison and look-up: A to Z become a to z, and nothing else changes.
    ///
    /// `lowercased()` would map some characters outside of ASCII into ASCII, such as the Kelvin sign to k. Dots and
    /// tags in the local part are kept, because their meaning depends on the mail server.
    public var normalized: String {
        text.lowercasedASCII
    }

    public var description: String { text }

    /// Atoms of RFC 5322 separated by dots.
    ///
    /// `%` is rejected, because it occurs only in attempts to relay or to escape.
    private static func isLocalPart(_ part: Substring.UTF8View) -> Bool {
        guard (1...64).contains(part.count) else { return false }
        return part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy { $0.isLetterOrDigit || $0.isAtomPunctuation }
        }
    }

    /// At least two labels of letters, digits and inner hyphens, of which the last begins with a letter.
    ///
    /// A name whose last label is a number is an IP address to many programs, in decimal or in hexadecimal, and no
    /// top-level domain begins with a digit (RFC 1123, section 2.1).
    private static func isDomain(_ part: Substring.UTF8View) -> Bool {
        let labels = part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let hyphen = UInt8(ascii: "-")
        return labels.count >= 2 && labels.last?.first?.isLetter == true
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
                    && label.allSatisfy { $0.isLetterOrDigit || $0 == hyphen }
            }
    }
}

extension EmailAddress: InputValue {
    public static var rule: String { "e-mail address, at most 254 characters" }
    public static var form: ValueForm {
        let atom = "[A-Za-z0-9!#$&'*+/=?^_`{|}~-]"
        let local = "\(atom)(?:[.\(atom.dropFirst().dropLast())]{0,62}\(atom))?"
        let rest = "(?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        let domain = #"(?:[A-Za-z0-9]\#(rest)\.)+[A-Za-z]\#(rest)"#
        return .pattern(#"^[\t-\r ]*(?![^@]*\.\.)\#(local)@\#(domain)[\t-\r ]*$"#, atMost: 254)
    }

    public init(input: JSONValue) throws(Violations) {
        guard let address = EmailAddress(try String(input: input)) else {
            throw Violations(.invalidEmail, "must be an e-mail address, as in ada@example.com")
        }
        self = address
    }
}

extension EmailAddress: OutputValue {
    public func encode(to json: inout JSONWriter) { json.string(text) }
}

extension UInt8 {
    fileprivate var isWhiteSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }

    fileprivate var isLetterOrDigit: Bool { isLetter || (0x30...0x39).contains(self) }

    fileprivate var isAtomPunctuation: Bool {
        switch UnicodeScalar(self) {
        case "!", "#", "$", "&", "'", "*", "+", "-", "/", "=", "?", "^", "_", "`", "{", "|", "}", "~": true
        default: false
        }
    }
}
