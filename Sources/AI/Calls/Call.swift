import Base

/// One protected call, while it lasts.
struct Call {
    /// Names it in the records of its attempts.
    let id = UUID.v7()

    /// What is asked.
    let request: CompletionRequest

    /// Who pays; nil for nobody in particular.
    let team: UUID?

    /// When the answer is due, whatever is tried until then.
    let deadline: Deadline

    /// Whether anybody still wants it.
    let cancellation: Cancellation?

    /// Takes the answer's text as it comes; nil for an answer in one piece.
    let onText: ((String) -> Void)?

    /// What was tried.
    private(set) var attempts: [CallAttempt] = []

    init(
        _ request: CompletionRequest,
        team: UUID?,
        deadline: Deadline,
        cancellation: Cancellation?,
        onText: ((String) -> Void)?
    ) {
        self.request = request
        self.team = team
        self.deadline = deadline
        self.cancellation = cancellation
        self.onText = onText
    }

    mutating func add(_ attempt: CallAttempt) {
        attempts.append(attempt)
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
