public import Base

/// The inputs of a step: a JSON object of at most 256 KiB.
///
/// `{"$from":"step.member"}` stands for a part of an earlier step's outputs, `{"$artifact":"step/name"}` for an artifact of
/// an earlier step, `{"$secret":"NAME"}` for a secret.
public struct StepInputs: Hashable, InputValue, OutputValue, CustomStringConvertible {
    /// A marker and its position in the inputs.
    struct Place: Hashable, Sendable {
        /// The path to the marker, such as `headers.authorization`.
        let field: String

        let marker: InputMarker

        /// The kinds of values that the tool accepts in the marker's place; nil while that is not known.
        var kinds: Set<JSONValue.Kind>?
    }

    /// The maximum size of the JSON in bytes.
    public static let limit = 256 << 10

    /// The inputs as they were sent.
    public let json: JSONText

    /// The markers in the inputs.
    private(set) var places: [Place]

    /// Empty inputs.
    public static var empty: StepInputs { StepInputs(json: JSONText(trusted: Array("{}".utf8)), places: []) }

    public static var rule: String { "object of at most 256 KiB" }
    public static var form: ValueForm { .map(.any) }

    /// The inputs of each tool, for `--help`.
    public static var inputShape: ObjectShape {
        ObjectShape(
            forms: ToolName.Kind.allCases.map {
                ObjectShape.Form("tool", $0, $0.inputs.inputShape, hasMarkers: $0 != .gate)
            }
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
    /// Checks the inputs against their tool's rules, and notes which kinds of values the tool accepts in the place of each
    /// marker.
    ///
    /// - Parameters:
    ///   - tool: The tool that receives the inputs.
    ///   - input: The inputs.
    /// - Returns: The violations.
    mutating func check(for tool: ToolName, _ input: JSONValue) -> [Violation] {
        // Markers in a gate's inputs are never resolved.
        guard !tool.isGate, !places.isEmpty else { return tool.violations(of: input) }
        let open = OpenInputs(input, places, of: tool)
        for index in places.indices { places[index].kinds = open.kinds[index] }
        return open.violations
    }
}

extension ToolName {
    /// The violations of the tool's rules by inputs.
    func violations(of inputs: JSONValue) -> [Violation] {
        do throws(Violations) {
            try check(inputs)
            return []
        } catch {
            return error.all
        }
    }
}
