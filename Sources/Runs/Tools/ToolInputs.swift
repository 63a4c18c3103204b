public import Base
public import Core

/// What `gate:manual` is given: who decides, and how.
///
/// A gate is no worker's, so nothing in its inputs can refer to other steps or to secrets.
public struct GateInputs: InputObject, OutputObject {
    /// The role that decides, or a higher one; nil for who manages the team.
    public let role: Role?

    /// Whether the gate can be waived.
    public let allowsWaiver: Bool

    /// Whether somebody else than who started the run has to decide.
    public let needsFourEyes: Bool

    /// How long the gate waits before it expires; nil for as long as its run.
    public let expiresIn: Duration?

    /// What whoever decides is told.
    public let message: String?

    public static var rule: String { "object" }

    public static let fields: [OutputField<GateInputs>] = [
        OutputField("role", "The role that decides; null for who manages the team.") { $0.role },
        OutputField("allowWaive", "Whether the gate can be waived.") { $0.allowsWaiver },
        OutputField("fourEyes", "Whether somebody else than who started the run decides.") { $0.needsFourEyes },
        OutputField("expiresInSeconds", "How long it waits; null for as long as its run.") {
            $0.expiresIn?.wholeSeconds
        },
        OutputField("message", "What whoever decides is told.") { $0.message },
    ]

    public static let schema = Schema(
        .optional("role", Role.self, "The role that decides, or a higher one; by default who manages the team."),
        .optional("allowWaive", Bool.self, default: true, "Whether the gate can be waived."),
        .optional("fourEyes", Bool.self, default: false, "Whether somebody else than who started the run decides."),
        .integer("expiresInSeconds", in: 1...30 * 86_400, "How long it waits; by default as long as its run."),
        .text("message", TextRule(1...1_000, allowsLines: true), "What whoever decides is told."),
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

/// What `artifact:write` is given.
public struct WriteArtifactInputs: InputObject {
    /// What the artifact is called.
    public let name: ArtifactName

    /// What is in it.
    public let content: [UInt8]

    /// What it is; by default what its name says.
    public let contentType: ContentType

    public static let schema = Schema(
        Field("name", ArtifactName.self, "What the artifact is called."),
        .optional("content", String.self, "What is in it, as text."),
        .optional("contentBase64", Base64Bytes.self, "What is in it, as base64."),
        .optional("contentType", ContentType.self, "What it is; by default what its name says."),
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

/// Bytes in the standard alphabet of base64, with padding (RFC 4648, section 4).
private struct Base64Bytes: InputValue {
    static var rule: String { "base64 string" }

    let all: [UInt8]

    init(input: JSONValue) throws(Violations) {
        guard let bytes = Base64.decode(try String(input: input).utf8) else {
            throw Violations(.invalidFormat, "must be base64 with padding")
        }
        all = bytes
    }
}

/// What `wait:until` is given: a moment, or how long to wait from when the step may begin.
public struct WaitInputs: InputObject {
    /// The moment to wait for.
    public let until: Timestamp?

    /// How many seconds to wait.
    public let seconds: Int?

    public static let schema = Schema(
        .optional("until", Timestamp.self, "The moment to wait for."),
        .integer("seconds", in: 0...30 * 86_400, "How many seconds to wait."),
        into: { until, seconds throws(Violations) in
            guard (until == nil) != (seconds == nil) else {
                throw Violations(.required, "must have exactly one of until and seconds")
            }
            return WaitInputs(until: until, seconds: seconds)
        }
    )
}

/// What `test:echo` is given: any members, which it answers as they are.
///
/// `delaySeconds` among them says how long it takes.
public struct EchoInputs: InputObject {
    /// The inputs, and so the outputs.
    public let all: JSONText

    /// How long the step runs before it answers.
    public let delay: Duration

    /// The one field that means something; all others are accepted as well.
    public static let schema = Schema(
        .optional("delaySeconds", StepDelay.self, default: .none, "How long it takes, in seconds."),
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

/// What `test:fail` is given.
public struct FailInputs: InputObject {
    /// The failure's code.
    public let code: String

    /// What is said of it.
    public let message: String

    /// Whether the step may be tried again.
    public let isRetryable: Bool

    /// How many attempts fail before one succeeds; nil for all.
    public let attempts: Int?

    /// How long an attempt takes.
    public let delay: Duration

    /// How an attempt fails; nil for one that succeeds.
    public func failure(ofAttempt attempt: Int) -> StepFailure? {
        if let attempts, attempt > attempts { return nil }
        return StepFailure(code, message, retry: isRetryable ? .later : .never)
    }

    public static let schema = Schema(
        .optional("code", FailureCode.self, default: .standard, "The failure's code."),
        .text("message", TextRule(1...1_000), "What is said of it."),
        .optional("retryable", Bool.self, default: false, "Whether the step may be tried again."),
        .integer("attempts", in: 0...1_000, "How many attempts fail before one succeeds; all by default."),
        .optional("delaySeconds", StepDelay.self, default: .none, "How long an attempt takes."),
        into: { code, message, isRetryable, attempts, delay in
            FailInputs(
                code: code.description,
                message: message ?? "The step was told to fail.",
                isRetryable: isRetryable,
                attempts: attempts,
                delay: delay.duration
            )
        }
    )
}

/// The code of a failure: 1 to 63 of `a` to `z`, `0` to `9` and `_`, the first of them a letter.
private struct FailureCode: InputValue, CustomStringConvertible {
    static var standard: FailureCode { FailureCode(description: "test_failed") }
    static var rule: String { "string in snake_case, 1 to 63 characters" }

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

/// How long a step of the tools for tests takes: 0 to 3600 seconds, of which milliseconds count.
struct StepDelay: InputValue, CustomStringConvertible {
    static var none: StepDelay { StepDelay(duration: .zero) }
    static var rule: String { "number, 0 to 3600" }

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
