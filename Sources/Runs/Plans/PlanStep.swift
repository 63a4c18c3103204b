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

/// What a plan calls a step: 1 to 200 characters that people can see, unique in its plan.
public struct StepName: RawRepresentable, Hashable, InputValue, OutputValue {
    private static let text = TextRule(1...200)

    public let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let name = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = name
    }
}

/// How often a step is tried, and how long it waits in between.
public struct StepRetry: InputObject, OutputObject, Hashable, CustomStringConvertible {
    /// How often it is tried, the first time included.
    public let maxAttempts: Int

    /// How long it waits after attempts that failed.
    public let backoff: StepBackoff

    /// Three attempts, the second after two seconds.
    public static var standard: StepRetry { StepRetry(maxAttempts: 3, backoff: StepBackoff()) }

    public static let schema = Schema(
        .integer("maxAttempts", in: 1...20, default: 3, "How often it is tried, the first time included."),
        .integer("baseSeconds", in: 0...3_600, default: 2, "The wait after the first attempt; then twice as long."),
        .integer("maxSeconds", in: 0...86_400, default: 300, "The longest wait."),
        into: { maxAttempts, base, cap throws(Violations) in
            guard base <= cap else {
                throw Violations(Violation(field: "maxSeconds", .outOfRange, "must not be less than baseSeconds"))
            }
            return StepRetry(
                maxAttempts: maxAttempts,
                backoff: StepBackoff(base: .seconds(base), cap: .seconds(cap))
            )
        }
    )

    public static let fields: [OutputField<StepRetry>] = [
        OutputField("maxAttempts", "How often it is tried.") { $0.maxAttempts },
        OutputField("baseSeconds", "The wait after the first attempt.") { $0.backoff.base.wholeSeconds },
        OutputField("maxSeconds", "The longest wait.") { $0.backoff.cap.wholeSeconds },
    ]

    public static var rule: String { "object" }

    public var description: String { "\(maxAttempts) attempts" }
}

/// How long a step waits before it is tried again: twice as long each time, up to a limit, and half of it by chance.
public struct StepBackoff: Hashable, Sendable {
    /// The wait after the first attempt.
    public let base: Duration

    /// The longest wait.
    public let cap: Duration

    /// Describes waits.
    public init(base: Duration = .seconds(2), cap: Duration = .seconds(300)) {
        self.base = base
        self.cap = cap
    }

    /// The wait after so many attempts.
    ///
    /// - Parameters:
    ///   - attempts: How many failed, from 1.
    ///   - chance: From 0 to 1, which half of the wait it makes up.
    /// - Returns: From half of the wait to all of it.
    public func delay(afterAttempts attempts: Int, chance: Double = .random(in: 0...1)) -> Duration {
        // Beyond 2^30 times any base there is nothing but the cap.
        let doubled = base * (1 << max(0, min(attempts - 1, 30)))
        return min(cap, doubled) * (0.5 + 0.5 * chance)
    }
}

/// What becomes of a run when one of its steps fails for good.
public enum FailurePolicy: String, InputEnumeration, OutputValue, CustomStringConvertible {
    /// What depends on the step is skipped, and the run fails.
    case fail
    /// What depends on the step goes on as if it had succeeded, without its outputs.
    case `continue`

    public var description: String { rawValue }
}

/// Which secrets a step may use: 1 to 63 of `a` to `z`, `0` to `9`, `_` and `-`, the first of them a letter or a digit.
public struct SecretsScope: RawRepresentable, Hashable, InputValue, OutputValue {
    public let rawValue: String

    public static var rule: String { "string, 1 to 63 of a to z, 0 to 9, _ and -" }

    public init(input: JSONValue) throws(Violations) {
        guard let scope = SecretsScope(rawValue: try String(input: input)) else {
            throw Violations(.invalidFormat, "must have 1 to 63 of a to z, 0 to 9, _ and -, and not begin with a mark")
        }
        self = scope
    }

    public init?(rawValue: String) {
        let bytes = rawValue.utf8
        guard (1...63).contains(bytes.count), bytes.first.map(Self.isLetterOrDigit) ?? false,
            bytes.allSatisfy({ Self.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") })
        else { return nil }
        self.rawValue = rawValue
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
