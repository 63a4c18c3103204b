import Core

/// What all wire formats can say in an answer, whole or put together from pieces.
struct WireAnswer: Sendable {
    var text = ""
    var stop = StopReason(.other, "")
    var stopSequence: String?
    var refusalCategory: String?
    var usage: TokenUsage?
    var cost: USDollars?
    var model: String?
    var id: String?
}
