import Base

/// The address to which a provider's paths are appended.
public struct BaseURL: Sendable, Hashable, CustomStringConvertible {
    /// The address is not a valid base URL.
    public struct Invalid: Error, CustomStringConvertible {
        /// The rule that the address breaks.
        ///
        /// It never repeats the address.
        public let description: String
    }

    /// The address without a trailing slash.
    let text: String

    public var description: String { text }

    /// Validates an address.
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
        let path = Array(rest[authority.endIndex...]).replacing(bytes: Self.model, by: [])
        guard !(Array(authority) + path).contains(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }) else {
            throw Invalid(description: "must have no braces but {model} in its path")
        }
        text = url.utf8.last == UInt8(ascii: "/") ? String(url.dropLast()) : url
    }

    static let anthropic = BaseURL(trusted: "https://api.anthropic.com")

    static let openAI = BaseURL(trusted: "https://api.openai.com/v1")

    private init(trusted text: String) {
        self.text = text
    }

    /// The part of the path that stands for the model.
    private static var model: [UInt8] { Array("{model}".utf8) }

    /// The address with a model in its path, if it has a place for one.
    func text(for model: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
        let name = Array(PercentEncoding.encode(model).utf8)
        return String(decoding: Array(text.utf8).replacing(bytes: Self.model, by: name), as: UTF8.self)
    }

    /// The address without a trailing `/v1`.
    var withoutVersion: BaseURL {
        text.utf8.count > 3 && text.hasSuffix("/v1") ? BaseURL(trusted: String(text.dropLast(3))) : self
    }
}
