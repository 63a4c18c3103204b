public import Base
public import Core

/// The state of one call while it runs.
struct Call {
    /// The ID of the call in its usage records.
    let id = UUID.v7()

    let request: CompletionRequest

    /// The team whose budget pays; nil if no budget applies.
    let team: UUID?

    /// The deadline of the whole call, including retries and fallbacks.
    let deadline: Deadline

    /// Cancels the call.
    let cancellation: Cancellation?

    /// The trace of the call.
    let trace: Trace

    /// Receives the answer's text as it arrives, and cannot take it back; nil for no one.
    let onText: ((String) -> Void)?

    /// Follows the answer, and can begin anew; nil for no one.
    let onProgress: ((AnswerProgress) -> Void)?

    /// The attempts so far.
    private(set) var attempts: [CallAttempt] = []

    /// How many requests the call may send to providers, all of them together.
    let requestLimit: Int

    /// How many requests were sent.
    private(set) var requests = 0

    /// The providers that were closed for all calls.
    var closedProviders: [String] = []

    /// The error of the last request that was sent and failed; nil if there is none.
    private(set) var lastFailure: AIError?

    init(
        _ request: CompletionRequest,
        team: UUID?,
        requestLimit: Int = .max,
        deadline: Deadline,
        cancellation: Cancellation?,
        trace: Trace = .none,
        onText: ((String) -> Void)?,
        onProgress: ((AnswerProgress) -> Void)? = nil
    ) {
        self.trace = trace
        self.request = request
        self.team = team
        self.requestLimit = requestLimit
        self.deadline = deadline
        self.cancellation = cancellation
        self.onText = onText
        self.onProgress = onProgress
    }

    /// Whether providers are asked to stream their answers.
    var isStreamed: Bool { (onText != nil || onProgress != nil) && request.embedding == nil }

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

    /// The deadline of an attempt that begins now.
    ///
    /// It leaves time to record the result. A streamed answer may take all of the call's time, as long as it goes on.
    ///
    /// - Parameter timeout: The limit of an answer that is not streamed, and of the first byte of a streamed one.
    /// - Returns: The deadline.
    func attemptDeadline(_ timeout: Duration) -> AttemptDeadline {
        let last = deadline - min(.seconds(2), deadline.remaining / 10)
        guard !isStreamed else { return AttemptDeadline(end: last, isCalls: true, firstByteLimit: timeout) }
        let own = Deadline.after(timeout)
        return AttemptDeadline(end: min(own, last), isCalls: last < own, firstByteLimit: nil)
    }

    /// The longest time that an attempt which begins now can take.
    func longestAttempt(_ timeout: Duration) -> Duration { isStreamed ? max(timeout, deadline.remaining) : timeout }

    /// The deadline of an attempt.
    struct AttemptDeadline {
        let end: Deadline

        /// Whether the call's deadline ends the attempt, and not the attempt's own timeout.
        let isCalls: Bool

        /// The limit of the first byte of the answer; nil for none of its own.
        let firstByteLimit: Duration?
    }
}

/// How an answer goes on.
public enum AnswerProgress: Sendable, Hashable {
    /// An attempt begins: the text of the one before no longer counts.
    case began

    /// The answer goes on with this text.
    case text(String)
}

/// One attempt at a provider, including an attempt that was rejected before it was sent.
public struct CallAttempt: Sendable, Hashable {
    /// The provider's name.
    public let provider: String

    /// The requested model.
    public let model: String

    /// The error code; nil for the attempt that succeeded.
    public let code: AIError.Code?

    /// The HTTP status; nil if there was no response.
    public let status: Int?

    /// The provider's ID of the request, which its support asks for.
    public let requestID: String?

    /// The tokens that the provider reported, or an estimate; nil if it charges for none.
    public let tokens: TokenUsage?

    /// The cost by our price; nil if there are no tokens or no price.
    let costByPrice: USDollars?

    /// The cost that the provider reported.
    let providerCost: USDollars?

    public let duration: Duration

    /// The cost by our price, or else the provider's; nil if neither is known.
    public var cost: USDollars? { costByPrice ?? providerCost }
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
            if tokens?.isEstimated == true { json.member("estimated", true) }
            json.member("milliseconds", duration.wholeMilliseconds)
        }
    }
}

/// The result of a successful call.
public struct CallAnswer: Sendable {
    /// The model's answer.
    public let completion: Completion

    /// The provider that answered.
    public let provider: String

    /// All attempts of the call; the successful one is last.
    public let attempts: [CallAttempt]

    /// The cost of the call, failed attempts included; nil if the price of an attempt is unknown.
    public let cost: USDollars?

    /// Whether another model than the first one answered.
    public var usedFallback: Bool {
        guard let first = attempts.first, let last = attempts.last else { return false }
        return first.provider != last.provider || first.model != last.model
    }
}
