public import Base

/// Collects the markers in a step's inputs.
struct MarkerSearch {
    private(set) var places: [StepInputs.Place] = []
    var violations: [Violation] = []

    private var path: [String]

    /// Makes a search.
    ///
    /// - Parameter member: The member whose value is searched, which may be a marker itself; nil for the inputs of a step,
    ///   which must not.
    init(at member: String? = nil) {
        path = member.map { [$0] } ?? []
    }

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
        for leaf in search.places.flatMap({ $0.marker.leaves() }) {
            switch leaf.marker {
            case .from(let text, _): references.outputs.insert(text)
            case .artifact(let text, _, _): references.artifacts.insert(text)
            case .secret, .text, .json, .parse: break
            }
        }
        return references
    }
}
