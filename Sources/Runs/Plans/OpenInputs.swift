import Base

/// The check of inputs in which markers stand for values that are not known yet.
///
/// Each marker is replaced by trial values, and the tool's rules are applied to the result. So only the marker's own
/// place is open: the rules for the members around it, and those across members, hold as for any other inputs.
struct OpenInputs {
    /// The kinds of values that the tool accepts in each marker's place; nil where the tool accepts no trial value.
    private(set) var kinds: [Set<JSONValue.Kind>?] = []

    /// The violations of the tool's rules.
    private(set) var violations: [Violation] = []

    private let places: [StepInputs.Place]

    /// Checks inputs.
    ///
    /// - Parameters:
    ///   - input: The inputs.
    ///   - places: The markers in the inputs, in their order.
    ///   - tool: The tool that receives the inputs.
    init(_ input: JSONValue, _ places: [StepInputs.Place], of tool: ToolName) {
        self.places = places
        var accepted = [[Trial]](repeating: [], count: places.count)
        for trial in Trial.all {
            let found = Self.violations(of: tool, input) { trial.json($0) }
            // Only a limited number of violations is reported: others may be missing then.
            guard found.count < Violations.limit else { continue }
            for index in places.indices where !found.contains(where: { $0.isIn(places[index].field) }) {
                accepted[index].append(trial)
            }
        }
        kinds = accepted.map { $0.isEmpty ? nil : Set($0.map(\.kind)) }
        let best = accepted.map { $0.first ?? Trial.all[0] }
        violations = Self.violations(of: tool, input) { best[$0].json($0) }
        checkMarkers()
        checkDefaults(input, of: tool, best)
    }

    /// Reports secrets and artifacts, which are strings, in the place of other values.
    private mutating func checkMarkers() {
        for (place, kinds) in zip(places, kinds) {
            guard let kinds, !kinds.contains(.string) else { continue }
            switch place.marker {
            case .from, .parse: break
            case .artifact, .secret, .text, .json:
                violations.append(
                    Violation(
                        field: place.field,
                        .invalidType,
                        "must not be a string, as secrets, artifacts and texts are"
                    )
                )
            }
        }
    }

    /// Reports defaults that the tool would not accept.
    private mutating func checkDefaults(_ input: JSONValue, of tool: ToolName, _ trials: [Trial]) {
        guard places.contains(where: { $0.marker.fallback != nil }) else { return }
        let found = Self.violations(of: tool, input) { places[$0].marker.fallback?.bytes ?? trials[$0].json($0) }
        for (place, kinds) in zip(places, kinds) where place.marker.fallback != nil && kinds != nil {
            for violation in found where violation.isIn(place.field) {
                let inner = String(violation.field.dropFirst(place.field.count))
                violations.append(
                    Violation(field: "\(place.field).default\(inner)", violation.code, violation.detail)
                )
            }
        }
    }

    /// The violations of a tool's rules by inputs with a value in the place of each marker.
    private static func violations(
        of tool: ToolName,
        _ input: JSONValue,
        _ value: (Int) -> [UInt8]
    ) -> [Violation] {
        var count = 0
        let bytes = try? input.replacing(
            { (object) throws(Violations) in
                guard try InputMarker(object) != nil else { return nil }
                count += 1
                return value(count - 1)
            },
            counting: { (_) throws(Violations) in }
        )
        guard let bytes, let document = try? JSONDocument(parsing: bytes, limits: .stepValue) else { return [] }
        return tool.violations(of: document.root)
    }
}

/// A value that stands for one that is not known yet.
private enum Trial: CaseIterable {
    // A word first: the others are for members with a form of their own.
    case word, method, url, time, contentType, image, document
    case object, message, part, words, numbers, messages, number, one, many, bool

    static var all: [Trial] { Array(allCases) }

    var kind: JSONValue.Kind {
        switch self {
        case .word, .method, .url, .time, .contentType, .image, .document: .string
        case .object, .message, .part: .object
        case .words, .numbers, .messages: .array
        case .number, .one, .many: .number
        case .bool: .bool
        }
    }

    /// The value in JSON; different words for different places, because lists may forbid duplicates.
    func json(_ place: Int) -> [UInt8] {
        let text =
            switch self {
            case .word: "\"nofx_trial_\(place)\""
            case .method: "\"POST\""
            case .url: "\"https://example.com/\""
            case .time: "\"2026-01-01T00:00:00Z\""
            case .contentType: "\"text/plain\""
            case .image: "\"iVBORw0KGgo=\""
            case .document: "\"JVBERi0x\""
            case .object: "{}"
            case .message: "{\"role\":\"user\",\"content\":\"x\"}"
            case .part: "{\"type\":\"text\",\"text\":\"x\"}"
            case .words: "[\"nofx_trial_\(place)\"]"
            case .numbers: "[\(200 + place % 300)]"
            case .messages: "[{\"role\":\"user\",\"content\":\"x\"}]"
            case .number: "\(200 + place % 300)"
            case .one: "1"
            case .many: "2048"
            case .bool: "true"
            }
        return Array(text.utf8)
    }
}

extension Violation {
    /// Whether the violation is at a place in the input, or nested in it.
    fileprivate func isIn(_ place: String) -> Bool {
        field == place || field.utf8.starts(with: "\(place).".utf8) || field.utf8.starts(with: "\(place)[".utf8)
    }
}
