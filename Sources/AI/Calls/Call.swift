public import Base
public import Core

/// One protected call, while it lasts.
struct Call {
    /// Names it in the records of its attempts.
    let id = UUID.v7()

    /// What is asked.
    let request: CompletionRequest

    /// The team that pays; nil if none does.
    let team: UUID?

    /// When the answer is due, whatever is tried until then.
    let deadline: Deadline

    /// Whether anybody still wants it.
    let cancellation: Cancellation?

    /// Takes the answer's text as it comes; nil for an answer in one piece.
    let onText: ((String) -> Void)?

    /// What was tried.
    private(set) var attempts: [CallAttempt] = []

    /// How many requests the call may send to providers, all of them together.
    let requestLimit: Int

    /// How many requests were sent.
    private(set) var requests = 0

    /// The error of the last request that was sent and failed; nil if there is none.
    private(set) var lastFailure: AIError?

    init(
        _ request: CompletionRequest,
        team: UUID?,
        requestLimit: Int = .max,
        deadline: Deadline,
        cancellation: Cancellation?,
        onText: ((String) -> Void)?
    ) {
        self.request = request
        self.team = team
        self.requestLimit = requestLimit
        self.deadline = deadline
        self.cancellation = cancellation
        self.onText = onText
    }

    /// Adds an attempt.
    ///
    /// - Parameters:
    ///   - attempt: What was tried.
    ///   - wasSent: Whether a request was sent: false where a circuit breaker or a budget rejected it.
    ///   - error: The error of the attempt; nil for the one with the answer.
    mutating func add(_ attempt: CallAttempt, wasSent: Bool, error: AIError?) {
        attempts.append(attempt)
        guard wasSent else { return }
        requests += 1
        lastFailure = error
    }

    /// When an attempt that begins now has to end, so that what comes of it can still be recorded.
    func attemptDeadline(_ timeout: Duration) -> AttemptDeadline {
        let last = deadline - min(.seconds(2), deadline.remaining / 10)
        let own = Deadline.after(timeout)
        return AttemptDeadline(end: min(own, last), isCalls: last < own)
    }

    /// When an attempt has to end.
    struct AttemptDeadline {
        let end: Deadline

        /// Whether it is the call's time that is over then, and not the attempt's own.
        let isCalls: Bool
    }
}

/// One time that a provider was asked, or would have been.
public struct CallAttempt: Sendable, Hashable {
    /// The provider's name.
    public let provider: String

    /// The model that was asked for.
    public let model: String

    /// Why there was no answer; nil for the attempt that has one.
    public let code: AIError.Code?

    /// The HTTP status; nil where no answer came.
    public let status: Int?

    /// The provider's name of the request, which its support asks for.
    public let requestID: String?

    /// The tokens; nil if the provider reported none.
    public let tokens: TokenUsage?

    /// What it cost; nil where nothing came that could be priced.
    public let cost: USDollars?

    /// How long it took.
    public let duration: Duration
}

extension CallAttempt: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("provider", provider)
            json.member("model", model)
            json.member("code", code?.rawValue)
            json.member("status", status)
            json.member("requestId", requestID)
            json.member("costUsd", cost)
            json.member("milliseconds", duration.wholeMilliseconds)
        }
    }
}

/// What came of a protected call that has an answer.
public struct CallAnswer: Sendable {
    /// The model's answer.
    public let completion: Completion

    /// Who gave it.
    public let provider: String

    /// Every attempt of the call, the one with the answer last.
    public let attempts: [CallAttempt]

    /// What the call cost, its failed attempts included; nil when no price is known for some of it.
    public let cost: USDollars?

    /// Whether another provider than the first answered.
    public var usedFallback: Bool { attempts.first?.provider != provider }
}
