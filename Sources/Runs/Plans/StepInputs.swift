public import Base

/// The inputs of a step: a JSON object of at most 256 KiB.
///
/// `{"$from":"step.member"}` stands for a part of an earlier step's outputs, `{"$secret":"NAME"}` for a secret.
public struct StepInputs: Hashable, InputValue, OutputValue, CustomStringConvertible {
    /// A marker and its position in the inputs.
    struct Place: Hashable, Sendable {
        /// The top-level member that contains the marker.
        let member: String

        /// The path to the marker, such as `headers.authorization`.
        let field: String

        let marker: InputMarker
    }

    /// The maximum size of the JSON in bytes.
    public static let limit = 256 << 10

    /// The inputs as they were sent.
    public let json: JSONText

    /// The markers in the inputs.
    let places: [Place]

    /// Empty inputs.
    public static var empty: StepInputs { StepInputs(json: JSONText(trusted: Array("{}".utf8)), places: []) }

    public static var rule: String { "object of at most 256 KiB" }

    /// The inputs of each tool, for `--help`.
    public static var inputShape: ObjectShape {
        ObjectShape(
            forms: ToolName.Kind.allCases.map { ObjectShape.Form("tool \($0.rawValue)", $0.inputs.inputShape.fields) }
        )
    }

    public init(input: JSONValue) throws(Violations) {
        guard input.kind == .object else { throw Violations(.invalidType, "must be an object") }
        json = try JSONText(input: input)
        guard json.bytes.count <= Self.limit else { throw Violations(.tooLarge, "must have at most 256 KiB") }
        var search = MarkerSearch()
        search.look(through: input)
        if input["_policy"] != nil {
            search.violations.append(Violation(field: "_policy", .unknownField, "is reserved for the server"))
        }
        if let violations = Violations(search.violations) { throw violations }
        places = search.places
    }

    /// A gate's inputs with every default filled in.
    init(_ gate: GateInputs) {
        self.init(json: JSONText(gate), places: [])
    }

    private init(json: JSONText, places: [Place]) {
        self.json = json
        self.places = places
    }

    public var description: String { json.description }

    public func encode(to json: inout JSONWriter) {
        self.json.encode(to: &json)
    }

    public static func == (left: StepInputs, right: StepInputs) -> Bool { left.json == right.json }

    public func hash(into hasher: inout Hasher) { hasher.combine(json) }
}

extension StepInputs {
    /// Checks the inputs against their tool's rules.
    ///
    /// Members that contain a marker are checked only for being known to the tool, because their values are not known
    /// before the markers are resolved.
    ///
    /// - Parameters:
    ///   - tool: The tool that receives the inputs.
    ///   - input: The inputs.
    /// - Returns: The violations.
    func violations(of tool: ToolName, in input: JSONValue) -> [Violation] {
        do throws(Violations) {
            try tool.check(input)
            return []
        } catch {
            // Markers in a gate's inputs are never resolved.
            guard !tool.isGate, !places.isEmpty else { return error.all }
            let open = Set(places.map(\.member))
            return error.all.filter { violation in
                guard let member = open.first(where: violation.isIn) else { return true }
                return violation.code == .unknownField && violation.field == member
            }
        }
    }
}

extension Violation {
    /// Whether the violation is in a member of the input, or nested in it.
    fileprivate func isIn(_ member: String) -> Bool {
        field == member || field.utf8.starts(with: "\(member).".utf8) || field.utf8.starts(with: "\(member)[".utf8)
    }
}

/// A value in a step's inputs that is replaced before the step runs: an object whose only member is `$from` or
/// `$secret`.
enum InputMarker: Hashable, Sendable {
    /// A reference to a part of an earlier step's outputs.
    case from(String)
    /// A secret of the step's scope.
    case secret(SecretName)

    /// Reads a marker; nil for every other value.
    ///
    /// - Throws: The violations of an invalid marker.
    init?(_ value: JSONValue) throws(Violations) {
        guard value.kind == .object, let key = Self.keys.first(where: { value[$0] != nil }), let member = value[key]
        else { return nil }
        guard value.count == 1 else { throw Violations(.invalidFormat, "must have no member beside \(key)") }
        guard let text = member.string else { throw Violations(.invalidType, "must have a string for \(key)") }
        if key == Self.keys[0] {
            guard Self.isReference(text) else {
                throw Violations(.invalidFormat, "must be a step name, followed by member names, each after a .")
            }
            self = .from(text)
        } else {
            guard let name = SecretName(rawValue: text) else {
                throw Violations(.invalidFormat, "must name a secret with 1 to 128 letters, digits and _")
            }
            self = .secret(name)
        }
    }

    private static var keys: [String] { ["$from", "$secret"] }

    /// Longer references would make a plan full of them slow to validate.
    private static func isReference(_ text: String) -> Bool {
        (1...4_096).contains(text.utf8.count)
            && !text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).contains(
                where: \.isEmpty
            )
    }
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
            guard let member = path.first else {
                throw Violations(.invalidFormat, "must have members, and cannot be a marker itself")
            }
            places.append(StepInputs.Place(member: member, field: field, marker: marker))
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

/// The name of a secret within its scope: 1 to 128 ASCII letters, digits and `_`, not beginning with a digit.
public struct SecretName: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init?(rawValue: String) {
        let bytes = rawValue.utf8
        guard (1...128).contains(bytes.count), let first = bytes.first, !Self.isDigit(first),
            bytes.allSatisfy({ Self.isDigit($0) || Self.isLetter($0) || $0 == UInt8(ascii: "_") })
        else { return nil }
        self.rawValue = rawValue
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}

extension JSONText {
    /// The values of all `$from` markers in the inputs.
    public var references: Set<String> {
        // The same shortcut as in `resolving`: without a dollar sign or a backslash there are no markers.
        guard bytes.contains(UInt8(ascii: "$")) || bytes.contains(UInt8(ascii: "\\")),
            let root = try? JSONDocument(parsing: bytes, limits: .stepValue).root
        else { return [] }
        var search = MarkerSearch()
        search.look(through: root)
        return Set(
            search.places.compactMap { place in
                if case .from(let text) = place.marker { text } else { nil }
            }
        )
    }
}
