import Base

/// A name under which a model's price may be listed.
struct ModelName {
    let text: String

    /// The providers that the full name of the model mentions, the last one first.
    let scopes: [String]

    /// Suffixes that do not name another model.
    private static let words: Set<String> = ["latest", "preview", "default"]

    /// The prefixes by which gateways, SDKs and APIs name the maker or the server of a model, with the name of its
    /// preset.
    ///
    /// A prefix that is part of the model's own name, such as `meta-llama/`, is not one of them.
    private static let prefixes = [
        "anthropic": "anthropic", "azure": "azure", "azure_ai": "azure", "bedrock": "bedrock", "deepseek": "deepseek",
        "gemini": "gemini", "google": "gemini", "groq": "groq", "mistral": "mistral", "mistralai": "mistral",
        "models": "gemini", "openai": "openai", "openrouter": "openrouter", "together": "together",
        "together_ai": "together", "vertex_ai": "gemini", "x-ai": "xai", "xai": "xai",
    ]

    /// The name itself, then the name with its date, a suffix word or a prefix removed, step by step.
    ///
    /// Any other suffix, such as `-pro`, names another model with an unknown price.
    static func candidates(of model: String) -> [ModelName] {
        var names: [ModelName] = []
        var rest = model.lowercasedASCII
        var scopes: [String] = []
        while true {
            var stem = rest
            names.append(ModelName(text: stem, scopes: scopes))
            while let shorter = withoutBedrockVersion(stem) ?? withoutDate(stem) ?? withoutWord(stem) {
                stem = shorter
                names.append(ModelName(text: stem, scopes: scopes))
            }
            // Anthropic writes `claude-opus-4-5`, and gateways `claude-opus-4.5`.
            if stem.hasPrefix("claude-"), stem.utf8.contains(UInt8(ascii: ".")) {
                names.append(ModelName(text: stem.replacingDots, scopes: scopes))
            }
            if let (prefix, name) = split(rest, at: UInt8(ascii: "/")), let scope = prefixes[prefix] {
                scopes.insert(scope, at: 0)
                rest = name
            } else if let (prefix, name) = split(rest, at: UInt8(ascii: ".")),
                prefix == "global" || prefix == "anthropic"
            {
                // Amazon Bedrock: the price within a region is listed with the region's prefix.
                rest = name
            } else {
                return names
            }
        }
    }

    private static func split(_ name: String, at mark: UInt8) -> (String, String)? {
        guard let index = name.utf8.firstIndex(of: mark) else { return nil }
        let rest = name.utf8[name.utf8.index(after: index)...]
        return rest.isEmpty ? nil : (String(name[..<index]), String(Substring(rest)))
    }

    /// Drops `-v1:0`, `-v1` or `:0`, the versions of Amazon Bedrock.
    private static func withoutBedrockVersion(_ name: String) -> String? {
        let text = Array(name.utf8)
        var end = text.count
        if let colon = text.lastIndex(of: UInt8(ascii: ":")), colon + 1 < end,
            text[(colon + 1)...].allSatisfy(\.isDigit)
        {
            end = colon
        }
        if let dash = text[..<end].lastIndex(of: UInt8(ascii: "-")), dash + 2 < end,
            text[dash + 1] == UInt8(ascii: "v"), text[(dash + 2)..<end].allSatisfy(\.isDigit)
        {
            end = dash
        }
        return end < text.count && end > 0 ? String(decoding: text[..<end], as: UTF8.self) : nil
    }

    /// Drops `-20251001`, `@20251001` or `-2025-10-01`.
    private static func withoutDate(_ name: String) -> String? {
        for pattern in ["-dddddddd", "@dddddddd", "-dddd-dd-dd"] {
            let end = name.utf8.suffix(pattern.utf8.count)
            guard end.count < name.utf8.count else { continue }
            let fits = zip(end, pattern.utf8).allSatisfy { byte, expected in
                expected == UInt8(ascii: "d") ? byte.isDigit : byte == expected
            }
            if fits, end.count == pattern.utf8.count { return String(name.dropLast(pattern.utf8.count)) }
        }
        return nil
    }

    private static func withoutWord(_ name: String) -> String? {
        guard let dash = name.lastIndex(of: "-"), dash > name.startIndex,
            words.contains(String(name[dash...].dropFirst()))
        else { return nil }
        return String(name[..<dash])
    }
}

extension String {
    fileprivate var replacingDots: String {
        String(decoding: utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "-") : $0 }, as: UTF8.self)
    }
}
