public import Base
public import Postgres

/// Where a webhook's messages go: an absolute URL without user information and fragment, as it was written.
///
/// Where its name leads is looked at on every delivery, not here: it may change at any time.
public struct WebhookURL: Hashable, InputValue, PostgresEncodable {
    private static var longest: Int { 2_048 }

    /// The whole URL; its path and its query may be what the receiver knows its friends by.
    public let text: String

    public static var rule: String { "string, https URL, at most \(longest) bytes, no user information, no fragment" }
    public static var form: ValueForm {
        .pattern(#"^https://\#(URLAuthority.pattern)(?:[/?][!-"$-\[\]-~]*)?$"#, atMost: longest)
    }

    public init(input: JSONValue) throws(Violations) {
        let text = try String(input: input)
        guard text.utf8.count <= Self.longest else {
            throw Violations(.tooLong, "must have at most \(Self.longest) bytes")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !text.utf8.contains(UInt8(ascii: "\\")) else {
            throw Violations(.invalidCharacters, "must have no spaces, backslashes and characters beyond ASCII")
        }
        guard let parts = Parts(text) else { throw Violations(.invalidFormat, "must be an absolute https URL") }
        guard !parts.authority.contains(UInt8(ascii: "@")) else {
            throw Violations(.invalidFormat, "must have no user information")
        }
        guard !text.utf8.contains(UInt8(ascii: "#")) else { throw Violations(.invalidFormat, "must have no fragment") }
        guard URLAuthority.isValid(parts.authority) else {
            throw Violations(.invalidFormat, "must have a host name or address, and a port from 1 to 65535 if any")
        }
        self.text = text
    }

    /// Whether the connection is encrypted.
    public var isSecure: Bool { text.utf8.starts(with: "https://".utf8) }

    /// Scheme, host and port, which members who do not manage the team may see.
    public var origin: String {
        let length = Parts(text).map { $0.scheme.count + $0.authority.count } ?? 0
        return String(decoding: text.utf8.prefix(length), as: UTF8.self)
    }

    public static var postgresType: PostgresType { String.postgresType }

    public func encode(to buffer: inout PostgresBuffer) { text.encode(to: &buffer) }
}

private struct Parts {
    let scheme: Substring.UTF8View
    let authority: Substring.UTF8View

    init?(_ text: String) {
        guard let scheme = ["https://", "http://"].first(where: { text.utf8.starts(with: $0.utf8) }) else { return nil }
        let all = text[...].utf8
        self.scheme = all.prefix(scheme.utf8.count)
        authority = all.dropFirst(scheme.utf8.count).prefix { !"/?#".utf8.contains($0) }
    }
}
