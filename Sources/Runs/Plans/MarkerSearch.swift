import Base

/// Looks for everything in a step's inputs that stands for something else.
struct MarkerSearch {
    private(set) var places: [StepInputs.Place] = []
    var violations: [Violation] = []

    private var path: [String] = []

    /// Looks through a value and all that is in it.
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
        // Most values have nothing in them, and no need of a way to them.
        guard value.kind == .array || value.kind == .object else { return }
        path.append(component)
        look(through: value)
        path.removeLast()
    }

    /// Takes note of a marker, or of what is wrong with it.
    private mutating func take(_ value: JSONValue) -> Bool {
        do throws(Violations) {
            guard let marker = try InputMarker(value) else { return false }
            guard let member = path.first else {
                throw Violations(.invalidFormat, "must have members, and not stand for another value itself")
            }
            places.append(StepInputs.Place(member: member, field: field, marker: marker))
        } catch {
            violations += error.prefixed(with: field).all
        }
        return true
    }

    /// The way to the value that is looked at; long names are cut, as everywhere in answers.
    private var field: String {
        path.reduce(into: "") { field, component in
            if !field.isEmpty, component.utf8.first != UInt8(ascii: "[") { field += "." }
            field += String(String.UnicodeScalarView(component.unicodeScalars.prefix(64)))
        }
    }
}
