public import Base

/// A value in a step's inputs that is replaced before the step runs: an object with a member `$from`, `$artifact` or
/// `$secret`.
enum InputMarker: Hashable, Sendable {
    /// A reference to a part of an earlier step's outputs, and the value to insert if the part does not exist.
    case from(String, fallback: JSONText?)
    /// An artifact of an earlier step, and the value to insert if it does not exist.
    case artifact(String, ArtifactEncoding, fallback: JSONText?)
    /// A secret of the step's scope.
    case secret(SecretName)

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
        case .secret: nil
        }
    }

    private static var keys: [(name: String, options: [String], words: String)] {
        [
            ("$from", ["default"], "$from and default"),
            ("$artifact", ["encoding", "default"], "$artifact, encoding and default"), ("$secret", [], "$secret"),
        ]
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

/// Collects the markers in a step's inputs.
struct MarkerSearch {
    private(set) var places: [StepInputs.Place] = []
    var violations: [Violation] = []

    private var path: [String] = []

    /// Searches a value and all values nested in it.
    mutating func look(through value: JSONValue) {
        guard violations.count < Violations.limit else { return }
        switch value.kind {
        case .array:
            for (index, element) in value.elements.enumerated() { look(through: element, at: "[\(index)]") }
        case .object:
            guard !take(value) else { return }
            for (key, member) in value.members { look(through: member, at: key) }
        case .null, .bool, .number, .string:
            break
        }
    }

    private mutating func look(through value: JSONValue, at component: String) {
        // Scalars contain no markers; skipping them saves building a path.
        guard value.kind == .array || value.kind == .object else { return }
        path.append(component)
        look(through: value)
        path.removeLast()
    }

    /// Records a marker, or the violations of an invalid one.
    private mutating func take(_ value: JSONValue) -> Bool {
        do throws(Violations) {
            guard let marker = try InputMarker(value) else { return false }
            guard !path.isEmpty else {
                throw Violations(.invalidFormat, "must have members, and cannot be a marker itself")
            }
            places.append(StepInputs.Place(field: field, marker: marker))
        } catch {
            violations += error.prefixed(with: field).all
        }
        return true
    }

    /// The path to the current value; long names are truncated, as in all violations.
    private var field: String {
        path.reduce(into: "") { field, component in
            if !field.isEmpty, component.utf8.first != UInt8(ascii: "[") { field += "." }
            field += String(String.UnicodeScalarView(component.unicodeScalars.prefix(64)))
        }
    }
}

extension JSONText {
    /// The values of all `$from` markers, and of all `$artifact` markers, in the inputs.
    public var references: (outputs: Set<String>, artifacts: Set<String>) {
        // The same shortcut as in `resolving`: without a dollar sign or a backslash there are no markers.
        guard bytes.contains(UInt8(ascii: "$")) || bytes.contains(UInt8(ascii: "\\")),
            let root = try? JSONDocument(parsing: bytes, limits: .stepValue).root
        else { return ([], []) }
        var search = MarkerSearch()
        search.look(through: root)
        var references: (outputs: Set<String>, artifacts: Set<String>) = ([], [])
        for place in search.places {
            switch place.marker {
            case .from(let text, _): references.outputs.insert(text)
            case .artifact(let text, _, _): references.artifacts.insert(text)
            case .secret: break
            }
        }
        return references
    }
}
