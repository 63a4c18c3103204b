public import Base

/// A step of a plan: what does it, with what, after which others.
public struct PlanStep: InputObject, OutputObject, Hashable {
    /// What the plan calls it.
    public let name: StepName

    /// What does it.
    public let tool: ToolName

    /// What the tool is given.
    public private(set) var inputs: StepInputs

    /// The steps that have to be done before.
    public let dependsOn: [StepName]

    /// How long an attempt may take.
    public let timeoutSeconds: Int

    /// How often it is tried.
    public let retry: StepRetry

    /// What becomes of the run when it fails for good.
    public let onFailure: FailurePolicy

    /// Which of the steps that are ready comes first: the one with the lowest.
    public let priority: Int

    /// How long it waits once it is ready.
    public let delaySeconds: Int

    /// The only tools that it may use, where it says so.
    public let toolsAllowed: [ToolName]?

    /// Which secrets it may use; nil for none.
    public let secretsScope: SecretsScope?

    /// Whether its own list of tools has its tool, by the name that the plan uses.
    var allowsItsTool: Bool { toolsAllowed?.contains(tool) ?? true }

    public static var rule: String { "object" }

    public static let schema = Schema(
        Field("name", StepName.self, "What the plan calls it, unlike every other step."),
        Field("tool", ToolName.self, "What does it."),
        .optional("inputs", StepInputs.self, default: .empty, "What the tool is given."),
        .optional("dependsOn", [StepName].self, default: [], "The steps that have to be done before."),
        .integer("timeoutSeconds", in: 1...3_600, default: 60, "How long an attempt may take."),
        .optional("retry", StepRetry.self, default: .standard, "How often it is tried."),
        .optional("onFailure", FailurePolicy.self, default: .fail, "What becomes of the run when it fails for good."),
        .integer("priority", in: -100...100, default: 0, "Which step comes first: the one with the lowest."),
        .integer("delaySeconds", in: 0...30 * 86_400, default: 0, "How long it waits once it is ready."),
        .optional("toolsAllowed", [ToolName].self, "The only tools that it may use; all that the team may by default."),
        .optional("secretsScope", SecretsScope.self, "Which secrets it may use; none by default."),
        into: PlanStep.init
    )

    public static let fields: [OutputField<PlanStep>] = [
        OutputField("name", "What the plan calls it.") { $0.name },
        OutputField("tool", "What does it.") { $0.tool },
        OutputField("inputs", "What the tool is given.") { $0.inputs },
        OutputField("dependsOn", "The steps that have to be done before.") { $0.dependsOn },
        OutputField("timeoutSeconds", "How long an attempt may take.") { $0.timeoutSeconds },
        OutputField("retry", "How often it is tried.") { $0.retry },
        OutputField("onFailure", "What becomes of the run when it fails for good.") { $0.onFailure },
        OutputField("priority", "Which step comes first: the one with the lowest.") { $0.priority },
        OutputField("delaySeconds", "How long it waits once it is ready.") { $0.delaySeconds },
        OutputField("toolsAllowed", "The only tools that it may use; null for all that the team may.") {
            $0.toolsAllowed
        },
        OutputField("secretsScope", "Which secrets it may use; null for none.") { $0.secretsScope },
    ]
}

extension PlanStep {
    public init(input: JSONValue) throws(Violations) {
        do throws(Violations) {
            self = try Self.schema.decode(input)
            let given = Self.given(input)
            if let violations = Violations(Self.violations(tool, inputs, given, hasScope: secretsScope != nil)) {
                throw violations
            }
            // What a gate is given is read by the database, which looks at no rules.
            if tool.isGate, let given { inputs = StepInputs(try GateInputs(input: given)) }
        } catch {
            throw error.adding(Self.violationsAcrossFields(of: input))
        }
    }

    /// The inputs as they came, or none where they are left out.
    private static func given(_ input: JSONValue) -> JSONValue? {
        if let inputs = input["inputs"], !inputs.isNull { return inputs }
        return try? JSONDocument(parsing: StepInputs.empty.json.bytes).root
    }

    /// What an input that breaks other rules as well breaks of those across fields.
    private static func violationsAcrossFields(of input: JSONValue) -> [Violation] {
        guard let tool = try? input["tool"].map(ToolName.init(input:)), let given = given(input),
            let inputs = try? StepInputs(input: given)
        else { return [] }
        return violations(tool, inputs, given, hasScope: input["secretsScope"].map { !$0.isNull } ?? false)
    }

    private static func violations(
        _ tool: ToolName,
        _ inputs: StepInputs,
        _ given: JSONValue?,
        hasScope: Bool
    ) -> [Violation] {
        var violations: [Violation] = []
        let usesSecrets = inputs.places.contains { if case .secret = $0.marker { true } else { false } }
        if usesSecrets, !hasScope {
            violations.append(Violation(field: "secretsScope", .required, "is required where inputs have a $secret"))
        }
        guard let given, let broken = Violations(inputs.violations(of: tool, in: given)) else { return violations }
        return violations + broken.prefixed(with: "inputs").all
    }
}
