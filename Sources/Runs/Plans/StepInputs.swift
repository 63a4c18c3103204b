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
