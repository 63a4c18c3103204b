public import Base

/// Where an HTTP request goes: an absolute URL with `http` or `https`, in ASCII, without a user and a password.
public struct RequestURL: Hashable, InputValue, OutputValue, CustomStringConvertible {
    /// The URL as it was written.
    public let description: String

    public static var rule: String { "http or https URL, at most 4096 bytes" }

    public init(input: JSONValue) throws(Violations) {
        let url = try String(input: input)
        guard url.utf8.count <= 4_096 else { throw Violations(.tooLong, "must have at most 4096 bytes") }
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            throw Violations(.invalidCharacters, "must have visible ASCII characters only, and no backslash")
        }
        guard let scheme = ["https://", "http://"].first(where: { url.lowercasedASCII.utf8.starts(with: $0.utf8) })
        else {
            throw Violations(.invalidFormat, "must begin with http:// or https://")
        }
        let authority = url.utf8.dropFirst(scheme.utf8.count).prefix { !"/?#".utf8.contains($0) }
        guard !authority.contains(UInt8(ascii: "@")) else {
            throw Violations(.invalidFormat, "must not contain a user and a password: a header can have a secret")
        }
        guard let first = authority.first, first != UInt8(ascii: ":") else {
            throw Violations(.invalidFormat, "must name a host")
        }
        description = url
    }

    public func encode(to json: inout JSONWriter) {
        json.string(description)
    }
}
