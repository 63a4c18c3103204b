public import Core

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
