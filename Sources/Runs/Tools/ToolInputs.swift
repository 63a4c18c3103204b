public import Base
public import Core

/// The inputs of `gate:manual`.
///
/// No worker executes a gate, so its inputs cannot contain references or secrets.
public struct GateInputs: InputObject, OutputObject {
    /// The lowest role that can decide; nil for any member who manages the team.
    public let role: Role?

    /// Whether the gate can be waived.
    public let allowsWaiver: Bool

    /// Whether the user who started the run cannot decide.
    public let needsFourEyes: Bool

    /// How long the gate is open before it expires; nil for as long as the run.
    public let expiresIn: Duration?

    /// The message for the person who decides.
    public let message: String?

    public static var rule: String { "object" }
    public static var form: ValueForm { .object }

    public static let fields: [OutputField<GateInputs>] = [
        OutputField("role", "The lowest role that can decide; null: any member who manages the team.") { $0.role },
        OutputField("allowWaive", "Whether the gate can be waived.") { $0.allowsWaiver },
        OutputField("fourEyes", "Whether the user who started the run cannot decide.") { $0.needsFourEyes },
        OutputField("expiresInSeconds", "How long the gate is open; null: as long as the run.") {
            $0.expiresIn?.wholeSeconds
        },
        OutputField("message", "The message for the person who decides.") { $0.message },
    ]

    public static let schema = Schema(
        .optional("role", Role.self, "The lowest role that can decide; by default members who manage the team."),
        .optional("allowWaive", Bool.self, default: true, "Whether the gate can be waived."),
        .optional("fourEyes", Bool.self, default: false, "Whether the user who started the run cannot decide."),
        .integer("expiresInSeconds", in: 1...30 * 86_400, "How long the gate is open; by default as long as the run."),
        .text("message", TextRule(1...1_000, allowsLines: true), "The message for the person who decides."),
        into: { role, allowsWaiver, needsFourEyes, expiresIn, message in
            GateInputs(
                role: role,
                allowsWaiver: allowsWaiver,
                needsFourEyes: needsFourEyes,
                expiresIn: expiresIn.map { .seconds($0) },
                message: message
            )
        }
    )
}

/// The inputs of `artifact:write`.
public struct WriteArtifactInputs: InputObject {
    /// The name of the artifact.
    public let name: ArtifactName

    /// The content.
    public let content: [UInt8]

    /// The content type; by default derived from the name.
    public let contentType: ContentType

    public static let choice: FieldChoice? = .exactlyOne(["content", "contentBase64"])

    public static let schema = Schema(
        Field("name", ArtifactName.self, "The name of the artifact."),
        .optional("content", String.self, "The content as text."),
        .optional("contentBase64", Base64Bytes.self, "The content in base64."),
        .optional("contentType", ContentType.self, "The content type; by default derived from the name."),
        into: { name, text, bytes, contentType throws(Violations) in
            guard let content = text.map({ Array($0.utf8) }) ?? bytes?.all, text == nil || bytes == nil else {
                throw Violations(.required, "must have exactly one of content and contentBase64")
            }
            return WriteArtifactInputs(
                name: name,
                content: content,
                contentType: contentType ?? ContentType(of: name)
            )
        }
    )
}

/// Bytes in standard base64 with padding (RFC 4648, section 4).
struct Base64Bytes: InputValue {
    static var rule: String { "base64 string" }
    static var form: ValueForm {
        .pattern("^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$")
    }

    let all: [UInt8]

    init(input: JSONValue) throws(Violations) {
        guard let bytes = Base64.decode(try String(input: input).utf8) else {
            throw Violations(.invalidFormat, "must be base64 with padding")
        }
        all = bytes
    }
}

/// The inputs of `wait:until`: a time, or a number of seconds after the step became due.
public struct WaitInputs: InputObject {
    /// How many days ahead the time may be.
    private static let longestDays = 366

    /// The time to wait for.
    public let until: Timestamp?

    /// The number of seconds to wait.
    public let seconds: Int?

    public static let choice: FieldChoice? = .exactlyOne(["until", "seconds"])

    public static let schema = Schema(
        .optional("until", Timestamp.self, "The time to wait for, at most 366 days ahead."),
        .integer("seconds", in: 0...30 * 86_400, "The number of seconds to wait."),
        into: { until, seconds throws(Violations) in
            guard (until == nil) != (seconds == nil) else {
                throw Violations(.required, "must have exactly one of until and seconds")
            }
            if let until, until > .now() + .seconds(longestDays * 86_400) {
                throw Violations(
                    Violation(field: "until", .outOfRange, "must be at most \(longestDays) days ahead")
                )
            }
            return WaitInputs(until: until, seconds: seconds)
        }
    )
}

/// The inputs of `test:echo`: any members.
///
/// They are the step's outputs.
///
/// The member `delaySeconds` sets how long the step takes.
public struct EchoInputs: InputObject {
    /// The inputs, which are also the outputs.
    public let all: JSONText

    /// How long the step takes.
    public let delay: Duration

    public static var inputShape: ObjectShape { ObjectShape(fields: schema.fields, isOpen: true) }

    /// The only field with a meaning; all other fields are accepted too.
    public static let schema = Schema(
        .optional("delaySeconds", StepDelay.self, default: .none, "How long the step takes, in seconds."),
        into: { delay in EchoInputs(all: JSONText(trusted: Array("{}".utf8)), delay: delay.duration) }
    )

    public init(input: JSONValue) throws(Violations) {
        guard input.kind == .object else { throw Violations(.invalidType, "must be an object") }
        all = try JSONText(input: input)
        guard let delay = input["delaySeconds"], !delay.isNull else {
            self.delay = .zero
            return
        }
        do throws(Violations) {
            self.delay = try StepDelay(input: delay).duration
        } catch {
            throw error.prefixed(with: "delaySeconds")
        }
    }

    private init(all: JSONText, delay: Duration) {
        self.all = all
        self.delay = delay
    }
}

/// The inputs of `test:fail`.
public struct FailInputs: InputObject {
    /// The error code.
    public let code: String

    /// The error message.
    public let message: String

    /// Whether the step is retried.
    public let isRetryable: Bool

    /// The number of attempts that fail before one succeeds; nil for all.
    public let attempts: Int?

    /// How long an attempt takes.
    public let delay: Duration

    /// The failure of an attempt; nil if the attempt succeeds.
    public func failure(ofAttempt attempt: Int) -> StepFailure? {
        if let attempts, attempt > attempts { return nil }
        return StepFailure(code, message, retry: isRetryable ? .later : .never)
    }

    public static let schema = Schema(
        .optional("code", FailureCode.self, default: .standard, "The error code."),
        .text("message", TextRule(1...1_000), "The error message."),
        .optional("retryable", Bool.self, default: false, "Whether the step is retried."),
        .integer("attempts", in: 0...1_000, "The number of attempts that fail before one succeeds; by default all."),
        .optional("delaySeconds", StepDelay.self, default: .none, "How long an attempt takes, in seconds."),
        into: { code, message, isRetryable, attempts, delay in
            FailInputs(
                code: code.description,
                message: message ?? "The step was set to fail.",
                isRetryable: isRetryable,
                attempts: attempts,
                delay: delay.duration
            )
        }
    )
}

/// An error code: 1 to 63 of `a` to `z`, `0` to `9` and `_`, beginning with a letter.
private struct FailureCode: InputValue, CustomStringConvertible {
    static var standard: FailureCode { FailureCode(description: "test_failed") }
    static var rule: String { "string in snake_case, 1 to 63 characters" }
    static var form: ValueForm { .pattern("^[a-z][a-z0-9_]{0,62}$") }

    let description: String

    private init(description: String) {
        self.description = description
    }

    init(input: JSONValue) throws(Violations) {
        let code = try String(input: input)
        guard (1...63).contains(code.utf8.count), code.utf8.first.map(Self.isLetter) ?? false,
            code.utf8.allSatisfy({ Self.isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") })
        else { throw Violations(.invalidFormat, "must have 1 to 63 of a to z, 0 to 9 and _, and begin with a letter") }
        description = code
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}

/// A duration for the test tools: 0 to 3600 seconds, with a precision of one millisecond.
struct StepDelay: InputValue, CustomStringConvertible {
    static var none: StepDelay { StepDelay(duration: .zero) }
    static var rule: String { "number, 0 to 3600" }
    static var form: ValueForm { .number(0...3_600) }

    let duration: Duration

    init(input: JSONValue) throws(Violations) {
        guard input.kind == .number else { throw Violations(.invalidType, "must be a number") }
        guard let seconds = input.double, (0...3_600).contains(seconds) else {
            throw Violations(.outOfRange, "must be from 0 to 3600")
        }
        duration = .milliseconds(Int((seconds * 1_000).rounded()))
    }

    private init(duration: Duration) {
        self.duration = duration
    }

    var description: String { "\(duration.wholeMilliseconds / 1_000)" }
}
