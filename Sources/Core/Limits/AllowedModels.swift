public import Base

/// The AI models and routes that a team may use.
///
/// `nofx.is_model_allowed` decides the same for `startRun`, `rerunRun` and `previewRun`, as far as a plan names its
/// models.
public struct AllowedModels: Sendable, Hashable {
    /// The patterns, in the order of the policy; nil for no limit.
    private let patterns: [String]?

    /// Makes a limit from the patterns of a policy; nil for none.
    public init(_ patterns: [String]?) {
        self.patterns = patterns
    }

    /// No limit.
    public static var all: AllowedModels { AllowedModels(nil) }

    /// Whether a model of a provider may be used.
    public func allows(_ model: String, of provider: String) -> Bool {
        guard let patterns else { return true }
        return patterns.contains { pattern in
            guard let slash = pattern.utf8.firstIndex(of: UInt8(ascii: "/")) else { return false }
            return Wildcard.matches(String(pattern[..<slash]), provider)
                && Wildcard.matches(String(pattern[slash...].dropFirst()), model)
        }
    }

    /// Whether a route may be used, with all of its models.
    public func allowsRoute(_ name: String) -> Bool {
        guard let patterns else { return true }
        return patterns.contains { $0.hasPrefix("route:") && Wildcard.matches($0, "route:\(name)") }
    }
}

/// A pattern for models or routes: `openai/gpt-*`, `*/gpt-4o`, `route:fast`; `*` stands for any characters.
///
/// The part before the first slash is for the provider.
public struct ModelPattern: InputValue, Hashable {
    private static let limit = 200

    public let text: String

    public static var rule: String { "string such as openai/gpt-* or route:fast" }
    public static var form: ValueForm {
        .either([
            .pattern("^[a-z0-9*_-]{1,64}/[!-~]+$", atMost: limit), .pattern("^route:[a-z0-9*_-]{1,64}$"),
        ])
    }

    public init(input: JSONValue) throws(Violations) {
        let text = try String(input: input)
        guard Self.isValid(text) else {
            throw Violations(
                .invalidFormat,
                "must be a provider and a model, as in openai/gpt-*, or a route, as in route:fast, without spaces"
            )
        }
        self.text = text
    }

    private static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= limit else { return false }
        let route = "route:"
        if text.hasPrefix(route) { return isName(text.utf8.dropFirst(route.utf8.count)) }
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return false }
        let model = text.utf8[text.utf8.index(after: slash)...]
        return isName(text.utf8[..<slash]) && !model.isEmpty && model.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// Whether a text can be the name of a provider or a route, with wildcards.
    private static func isName(_ text: Substring.UTF8View) -> Bool {
        (1...64).contains(text.count)
            && text.allSatisfy { byte in
                byte.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || "-_*".utf8.contains(byte)
            }
    }
}

/// Patterns in which `*` stands for any number of characters.
public enum Wildcard {
    /// Whether a pattern matches a whole text, byte by byte.
    public static func matches(_ pattern: String, _ text: String) -> Bool {
        let (pattern, text) = (Array(pattern.utf8), Array(text.utf8))
        var (next, position) = (0, 0)
        // Where the last wildcard stands, and the end of the text that it covers so far.
        var (star, covered): (Int?, Int) = (nil, 0)
        while position < text.count {
            if next < pattern.count, pattern[next] == UInt8(ascii: "*") {
                (star, covered) = (next, position)
                next += 1
            } else if next < pattern.count, pattern[next] == text[position] {
                next += 1
                position += 1
            } else if let star {
                covered += 1
                (next, position) = (star + 1, covered)
            } else {
                return false
            }
        }
        return pattern[next...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
