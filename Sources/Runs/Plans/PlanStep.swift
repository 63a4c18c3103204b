public import Base

/// A step of a plan.
public struct PlanStep: InputObject, OutputObject, Hashable {
    /// The name; unique within the plan.
    public let name: StepName

    /// The tool that executes the step.
    public let tool: ToolName

    /// The tool's inputs.
    public private(set) var inputs: StepInputs

    /// The steps that must end before this one begins.
    public let dependsOn: [StepName]

    /// The time limit of one attempt; a worker cuts the default to the time that it has.
    public let timeoutSeconds: Int

    /// The number of attempts and the waits between them.
    public let retry: StepRetry

    /// The effect on the run when the step fails after its last attempt.
    public let onFailure: FailurePolicy

    /// The priority among steps that are due; the lowest value runs first.
    public let priority: Int

    /// The delay after the step's dependencies have ended.
    public let delaySeconds: Int

    /// The only tools that the step may use; nil for all that the team may use.
    public let toolsAllowed: [ToolName]?

    /// The scope of the secrets that the step may use; nil for no secrets.
    public let secretsScope: SecretsScope?

    /// Whether the step may be started any number of times, so that the end of its worker does not use up an attempt.
    public let isIdempotent: Bool

    /// Whether `toolsAllowed` contains the step's tool, compared by the name in the plan.
    var allowsItsTool: Bool { toolsAllowed?.contains(tool) ?? true }

    public static var rule: String { "object" }
    public static var form: ValueForm { .object }

    public static let schema = Schema(
        Field("name", StepName.self, "The name; unique within the plan."),
        Field("tool", ToolName.self, "The tool that executes the step."),
        .optional("inputs", StepInputs.self, default: .empty, "The tool's inputs."),
        .optional("dependsOn", [StepName].self, default: [], "The steps that must end before this one begins."),
        .integer(
            "timeoutSeconds",
            in: 1...3_600,
            "The time limit of one attempt; by default 600 for AI tools, else 60, cut to the worker's time."
        ),
        .optional("retry", StepRetry.self, default: .standard, "The number of attempts and the waits between them."),
        .optional(
            "onFailure",
            FailurePolicy.self,
            default: .fail,
            "The effect on the run when the step fails for good."
        ),
        .integer("priority", in: -100...100, default: 0, "The priority; the lowest value runs first."),
        .integer("delaySeconds", in: 0...30 * 86_400, default: 0, "The delay after the dependencies have ended."),
        .optional(
            "toolsAllowed",
            [ToolName].self,
            "The only tools the step may use; by default all that the team may use."
        ),
        .optional("secretsScope", SecretsScope.self, "The scope of the secrets it may use; by default none."),
        .optional(
            "idempotent",
            Bool.self,
            default: false,
            "Whether the end of a worker may repeat the step beyond its attempts."
        ),
        into: {
            name,
            tool,
            inputs,
            dependsOn,
            timeout,
            retry,
            onFailure,
            priority,
            delay,
            toolsAllowed,
            secretsScope,
            isIdempotent in
            PlanStep(
                name: name,
                tool: tool,
                inputs: inputs,
                dependsOn: dependsOn,
                timeoutSeconds: timeout ?? tool.topic.defaultTimeoutSeconds,
                retry: retry,
                onFailure: onFailure,
                priority: priority,
                delaySeconds: delay,
                toolsAllowed: toolsAllowed,
                secretsScope: secretsScope,
                isIdempotent: isIdempotent
            )
        }
    )

    public static let fields: [OutputField<PlanStep>] = [
        OutputField("name", "The name; unique within the plan.") { $0.name },
        OutputField("tool", "The tool that executes the step.") { $0.tool },
        OutputField("inputs", "The tool's inputs.") { $0.inputs },
        OutputField("dependsOn", "The steps that must end before this one begins.") { $0.dependsOn },
        OutputField("timeoutSeconds", "The time limit of one attempt.") { $0.timeoutSeconds },
        OutputField("retry", "The number of attempts and the waits between them.") { $0.retry },
        OutputField("onFailure", "The effect on the run when the step fails for good.") { $0.onFailure },
        OutputField("priority", "The priority; the lowest value runs first.") { $0.priority },
        OutputField("delaySeconds", "The delay after the dependencies have ended.") { $0.delaySeconds },
        OutputField("toolsAllowed", "The only tools the step may use; null: all that the team may use.") {
            $0.toolsAllowed
        },
        OutputField("secretsScope", "The scope of the secrets it may use; null for none.") { $0.secretsScope },
        OutputField("idempotent", "Whether the end of a worker may repeat the step beyond its attempts.") {
            $0.isIdempotent
        },
    ]
}

extension PlanStep {
    public init(input: JSONValue) throws(Violations) {
        do throws(Violations) {
            self = try Self.schema.decode(input)
            let given = Self.given(input)
            if let violations = Violations(Self.violations(tool, &inputs, given, hasScope: secretsScope != nil)) {
                throw violations
            }
            // The database reads a gate's stored inputs without defaults, so every default is filled in here.
            if tool.isGate, let given { inputs = StepInputs(try GateInputs(input: given)) }
        } catch {
            throw error.adding(Self.violationsAcrossFields(of: input))
        }
    }

    /// The inputs as they came, or an empty object if they are missing.
    private static func given(_ input: JSONValue) -> JSONValue? {
        if let inputs = input["inputs"], !inputs.isNull { return inputs }
        return try? JSONDocument(parsing: StepInputs.empty.json.bytes).root
    }

    /// The violations of rules across fields, for an input that also violates other rules.
    private static func violationsAcrossFields(of input: JSONValue) -> [Violation] {
        guard let tool = try? input["tool"].map(ToolName.init(input:)), let given = given(input),
            var inputs = try? StepInputs(input: given)
        else { return [] }
        return violations(tool, &inputs, given, hasScope: input["secretsScope"].map { !$0.isNull } ?? false)
    }

    private static func violations(
        _ tool: ToolName,
        _ inputs: inout StepInputs,
        _ given: JSONValue?,
        hasScope: Bool
    ) -> [Violation] {
        var violations: [Violation] = []
        if inputs.usesSecrets, !hasScope {
            violations.append(Violation(field: "secretsScope", .required, "is required where inputs have a $secret"))
        }
        guard let given, let broken = Violations(inputs.check(for: tool, given)) else { return violations }
        return violations + broken.prefixed(with: "inputs").all
    }
}

/// The name of a step: 1 to 200 visible characters, unique within its plan.
public struct StepName: RawRepresentable, Hashable, InputValue, OutputValue {
    private static let text = TextRule(1...200)

    public let rawValue: String

    public static var rule: String { text.description }
    public static var form: ValueForm { text.form }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let name = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = name
    }
}

/// The number of attempts of a step and the waits between them.
public struct StepRetry: InputObject, OutputObject, Hashable, CustomStringConvertible {
    /// The maximum number of attempts, the first included.
    public let maxAttempts: Int

    /// The waits after failed attempts.
    public let backoff: StepBackoff

    /// Three attempts, the second after two seconds.
    public static var standard: StepRetry { StepRetry(maxAttempts: 3, backoff: StepBackoff()) }

    public static let schema = Schema(
        .integer("maxAttempts", in: 1...20, default: 3, "The maximum number of attempts, the first included."),
        .integer(
            "baseSeconds",
            in: 0...3_600,
            default: 2,
            "The wait after the first attempt; it doubles with each attempt."
        ),
        .integer("maxSeconds", in: 0...86_400, default: 300, "The maximum wait."),
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
        OutputField("maxAttempts", "The maximum number of attempts.") { $0.maxAttempts },
        OutputField("baseSeconds", "The wait after the first attempt.") { $0.backoff.base.wholeSeconds },
        OutputField("maxSeconds", "The maximum wait.") { $0.backoff.cap.wholeSeconds },
    ]

    public static var rule: String { "object" }
    public static var form: ValueForm { .object }

    public var description: String { "\(maxAttempts) attempts" }
}

/// Exponential backoff with equal jitter: the wait doubles with each attempt up to a cap, and half of it is random.
public struct StepBackoff: Hashable, Sendable {
    /// The wait after the first attempt.
    public let base: Duration

    /// The maximum wait.
    public let cap: Duration

    public init(base: Duration = .seconds(2), cap: Duration = .seconds(300)) {
        self.base = base
        self.cap = cap
    }

    /// The wait before the next attempt.
    ///
    /// - Parameters:
    ///   - attempts: The number of failed attempts, from 1.
    ///   - chance: The random part, from 0 to 1.
    /// - Returns: Between half of the full wait and all of it.
    public func delay(afterAttempts attempts: Int, chance: Double = .random(in: 0...1)) -> Duration {
        // Clamp the exponent: beyond 2^30 the cap applies to every base.
        let doubled = base * (1 << max(0, min(attempts - 1, 30)))
        return min(cap, doubled) * (0.5 + 0.5 * chance)
    }
}

/// The effect on the run when a step fails for good.
public enum FailurePolicy: String, InputEnumeration, OutputValue, CustomStringConvertible {
    /// Dependents are skipped and the run fails.
    case fail
    /// Dependents run as if the step had succeeded, without its outputs. On a gate this covers the expiry only: a
    /// member's rejection is final.
    case `continue`

    public var description: String { rawValue }
}

/// The name of a set of secrets: 1 to 63 of `a` to `z`, `0` to `9`, `_` and `-`, beginning with a letter or a digit.
public struct SecretsScope: RawRepresentable, Hashable, InputValue, OutputValue {
    public let rawValue: String

    public static var rule: String { "string, 1 to 63 of a to z, 0 to 9, _ and -" }
    public static var form: ValueForm { .pattern("^[a-z0-9][a-z0-9_-]{0,62}$") }

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
