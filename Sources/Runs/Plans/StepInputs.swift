public import Base

/// What a plan gives a step: a JSON object of at most 256 KiB, in which `{"$from":"step.member"}` stands for a part of
/// an earlier step's outputs and `{"$secret":"NAME"}` for a secret.
public struct StepInputs: Hashable, InputValue, OutputValue, CustomStringConvertible {
    /// A marker, and where in the inputs it is.
    struct Place: Hashable, Sendable {
        /// The member of the inputs that it is in.
        let member: String

        /// The way to it, such as `headers.authorization`.
        let field: String

        let marker: InputMarker
    }

    /// The most bytes of JSON.
    public static let limit = 256 << 10

    /// The inputs as they were written.
    public let json: JSONText

    /// Everything in them that stands for something else.
    let places: [Place]

    /// No inputs.
    public static var empty: StepInputs { StepInputs(json: JSONText(trusted: Array("{}".utf8)), places: []) }

    public static var rule: String { "object of at most 256 KiB" }

    /// What each tool takes.
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
            search.violations.append(Violation(field: "_policy", .unknownField, "is not the plan's to say"))
        }
        if let violations = Violations(search.violations) { throw violations }
        places = search.places
    }

    /// The inputs of a gate with every default filled in.
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
    /// Checks the inputs by their tool's rules, as far as that can be done before references are resolved: of a member
    /// with something in it that stands for another value is only asked whether the tool knows it.
    ///
    /// - Parameters:
    ///   - tool: What they are given to.
    ///   - input: The inputs themselves.
    /// - Returns: The rules that they break.
    func violations(of tool: ToolName, in input: JSONValue) -> [Violation] {
        do throws(Violations) {
            try tool.check(input)
            return []
        } catch {
            // A gate's inputs are nobody's to resolve.
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
    /// Whether the rule is broken by a member of the input, or within it.
    fileprivate func isIn(_ member: String) -> Bool {
        field == member || field.utf8.starts(with: "\(member).".utf8) || field.utf8.starts(with: "\(member)[".utf8)
    }
}

/// A value in a step's inputs that stands for another one: an object with `$from` or `$secret` and nothing else.
enum InputMarker: Hashable, Sendable {
    /// A part of an earlier step's outputs.
    case from(String)
    /// A secret of the step's scope.
    case secret(SecretName)

    /// Reads a marker; nil for every other value.
    ///
    /// - Throws: The rules that a marker breaks.
    init?(_ value: JSONValue) throws(Violations) {
        guard value.kind == .object, let key = Self.keys.first(where: { value[$0] != nil }), let member = value[key]
        else { return nil }
        guard value.count == 1 else { throw Violations(.invalidFormat, "must have no member beside \(key)") }
        guard let text = member.string else { throw Violations(.invalidType, "must have a string for \(key)") }
        if key == Self.keys[0] {
            guard Self.isReference(text) else {
                throw Violations(.invalidFormat, "must be a step's name, and the members that lead on, each after a .")
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

    /// What is longer could not be answered fast when a plan is full of it.
    private static func isReference(_ text: String) -> Bool {
        (1...4_096).contains(text.utf8.count)
            && !text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).contains(
                where: \.isEmpty
            )
    }
}

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

/// What a secret is called within its scope: 1 to 128 letters of ASCII, digits and `_`, the first of them no digit.
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
    /// What follows each `$from` in a step's inputs: which outputs it takes to resolve them.
    public var references: Set<String> {
        // As where they are resolved: without either there is nothing.
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
