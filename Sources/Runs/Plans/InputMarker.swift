import Base

/// A value in a step's inputs that is replaced before the step runs: an object with a member `$from`, `$artifact`,
/// `$secret`, `$text`, `$json` or `$parse`.
indirect enum InputMarker: Hashable, Sendable {
    /// A reference to a part of an earlier step's outputs, and the value to insert if the part does not exist.
    case from(String, fallback: JSONText?)
    /// An artifact of an earlier step, and the value to insert if it does not exist.
    case artifact(String, ArtifactEncoding, fallback: JSONText?)
    /// A secret of the step's scope.
    case secret(SecretName)
    /// A text that is put together from parts.
    case text([TextPart])
    /// A value as JSON text; markers in it are replaced first.
    case json(JSONText)
    /// The value of a JSON text.
    case parse(InputMarker)

    /// A part of a `$text`.
    enum TextPart: Hashable, Sendable {
        /// A text, or a number or a boolean as JSON writes it.
        case literal(String)
        case marker(InputMarker)
    }

    /// The most parts of a `$text`.
    static let partLimit = 1_000

    /// Reads a marker; nil for every other value.
    ///
    /// - Throws: The violations of an invalid marker.
    init?(_ value: JSONValue) throws(Violations) {
        guard value.kind == .object, let key = Self.keys.first(where: { value[$0.name] != nil }),
            let member = value[key.name]
        else { return nil }
        for (name, _) in value.members where name != key.name && !key.options.contains(name) {
            throw Violations(.invalidFormat, "must have no member beside \(key.words)")
        }
        switch key.name {
        case "$text":
            self = .text(try Self.parts(member))
            return
        case "$json":
            self = .json(try Self.template(member))
            return
        case "$parse":
            self = .parse(try Self.source(member))
            return
        default: break
        }
        guard let text = member.string else { throw Violations(.invalidType, "must have a string for \(key.name)") }
        switch key.name {
        case "$from":
            guard StepPath.isReference(text) else {
                throw Violations(
                    .invalidFormat,
                    "must be a step name, followed by member names, each after a .; or a JSON Pointer such as /step/member"
                )
            }
            self = .from(text, fallback: try Self.fallback(value))
        case "$artifact":
            guard StepPath.isArtifactReference(text) else {
                throw Violations(
                    .invalidFormat,
                    "must be a step name and an artifact name after a /; or a JSON Pointer such as /step/name"
                )
            }
            let encoding = try value["encoding"].map { value throws(Violations) in try ArtifactEncoding(input: value) }
            self = .artifact(text, encoding ?? .text, fallback: try Self.fallback(value))
        default:
            guard let name = SecretName(rawValue: text) else {
                throw Violations(.invalidFormat, "must name a secret with 1 to 128 letters, digits and _")
            }
            self = .secret(name)
        }
    }

    /// The value to insert if the value of the marker does not exist.
    var fallback: JSONText? {
        switch self {
        case .from(_, let fallback), .artifact(_, _, let fallback): fallback
        case .secret, .text, .json, .parse: nil
        }
    }

    private static var keys: [(name: String, options: [String], words: String)] {
        [
            ("$from", ["default"], "$from and default"),
            ("$artifact", ["encoding", "default"], "$artifact, encoding and default"), ("$secret", [], "$secret"),
            ("$text", [], "$text"), ("$json", [], "$json"), ("$parse", [], "$parse"),
        ]
    }

    private static func parts(_ list: JSONValue) throws(Violations) -> [TextPart] {
        guard list.kind == .array else { throw Violations(Violation(field: "$text", .invalidType, "must be an array")) }
        guard (1...partLimit).contains(list.count) else {
            throw Violations(Violation(field: "$text", .outOfRange, "must have 1 to \(partLimit) parts"))
        }
        var parts: [TextPart] = []
        for (index, element) in list.elements.enumerated() {
            do throws(Violations) {
                parts.append(try part(element))
            } catch {
                throw error.prefixed(with: "$text[\(index)]")
            }
        }
        return parts
    }

    private static func part(_ value: JSONValue) throws(Violations) -> TextPart {
        if let text = value.literalText { return .literal(text) }
        guard let marker = try InputMarker(value) else {
            throw Violations(.invalidType, "must be a text, a number, a boolean or a marker")
        }
        if case .parse = marker { throw Violations(.invalidType, "must not be $parse, whose value need not be a text") }
        if let fallback = marker.fallback, fallback.value?.literalText == nil {
            throw Violations(Violation(field: "default", .invalidType, "must be a text, a number or a boolean"))
        }
        return .marker(marker)
    }

    private static func template(_ value: JSONValue) throws(Violations) -> JSONText {
        var search = MarkerSearch(at: "$json")
        search.look(through: value)
        if let violations = Violations(search.violations) { throw violations }
        return try JSONText(input: value)
    }

    private static func source(_ value: JSONValue) throws(Violations) -> InputMarker {
        do throws(Violations) {
            guard let marker = try InputMarker(value) else { throw Violations(.invalidType, "must be a marker") }
            switch marker {
            case .from, .artifact, .secret, .text: return marker
            case .json, .parse: throw Violations(.invalidType, "must be $from, $artifact, $secret or $text")
            }
        } catch {
            throw error.prefixed(with: "$parse")
        }
    }

    private static func fallback(_ value: JSONValue) throws(Violations) -> JSONText? {
        guard let fallback = value["default"] else { return nil }
        var search = MarkerSearch()
        search.look(through: fallback)
        // The default is inserted as it is.
        guard search.places.isEmpty, search.violations.isEmpty else {
            throw Violations(Violation(field: "default", .invalidFormat, "must not contain references or secrets"))
        }
        return try JSONText(input: fallback)
    }
}

/// How the content of an artifact is inserted.
enum ArtifactEncoding: String, InputEnumeration {
    /// As a string with the same bytes.
    case text
    case base64
}

extension InputMarker {
    /// A reference, an artifact or a secret in a marker, and what it may stand for.
    struct Leaf {
        let marker: InputMarker

        /// The kinds of values that fit in its place; nil while that is not known.
        let kinds: Set<JSONValue.Kind>?
    }

    /// The references, artifacts and secrets in the marker; `kinds` are those of the values that fit in its own place.
    func leaves(accepting kinds: Set<JSONValue.Kind>? = nil) -> [Leaf] {
        switch self {
        case .from, .artifact, .secret: return [Leaf(marker: self, kinds: kinds)]
        case .text(let parts):
            return parts.flatMap { part in
                guard case .marker(let marker) = part else { return [Leaf]() }
                return marker.leaves(accepting: [.string, .number, .bool])
            }
        case .json(let template):
            var search = MarkerSearch(at: "$json")
            if let value = template.value { search.look(through: value) }
            return search.places.flatMap { $0.marker.leaves() }
        case .parse(let source): return source.leaves(accepting: [.string])
        }
    }
}

extension JSONText {
    /// The value; nil for a text that is too large or deep for the inputs of a step.
    var value: JSONValue? { try? JSONDocument(parsing: bytes, limits: .stepValue).root }
}

extension JSONValue {
    /// The value as a part of a text: a string itself, a number or a boolean as JSON writes it; nil for other values.
    var literalText: String? {
        switch kind {
        case .string: string
        case .number, .bool: text.description
        case .null, .array, .object: nil
        }
    }
}
