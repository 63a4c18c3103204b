/// The address that a provider's paths are appended to.
public struct BaseURL: Sendable, Hashable, CustomStringConvertible {
    /// An address that cannot be one.
    public struct Invalid: Error, CustomStringConvertible {
        /// The rule that the address breaks; nothing of the address itself.
        public let description: String
    }

    /// The address, without a slash at its end.
    let text: String

    public var description: String { text }

    /// Checks an address.
    ///
    /// - Throws: ``Invalid``.
    public init(_ url: String) throws(Invalid) {
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Invalid(description: "must have no space, control character or byte outside ASCII")
        }
        guard let slashes = ["https://", "http://"].first(where: { url.lowercased().hasPrefix($0) }) else {
            throw Invalid(description: "must begin with https:// or http://")
        }
        let rest = url.utf8.dropFirst(slashes.utf8.count)
        guard !rest.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
            throw Invalid(description: "must have no query and no fragment")
        }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") }
        guard !authority.contains(UInt8(ascii: "@")) else {
            throw Invalid(description: "must have no user and no password; a key has a variable of its own")
        }
        guard let first = authority.first, first != UInt8(ascii: ":") else {
            throw Invalid(description: "must name a host")
        }
        text = url.utf8.last == UInt8(ascii: "/") ? String(url.dropLast()) : url
    }

    /// Anthropic's own.
    static let anthropic = BaseURL(trusted: "https://api.anthropic.com")

    /// OpenAI's own.
    static let openAI = BaseURL(trusted: "https://api.openai.com/v1")

    private init(trusted text: String) {
        self.text = text
    }

    /// The address without a `/v1` at its end.
    var withoutVersion: BaseURL {
        text.utf8.count > 3 && text.hasSuffix("/v1") ? BaseURL(trusted: String(text.dropLast(3))) : self
    }
}
