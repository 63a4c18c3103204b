public import Base

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
