/// Who takes a body in pieces, as it comes.
struct BodyPieces {
    /// Asked once, when the head of the final answer is there; otherwise the body is collected.
    let wants: (HTTPHead) -> Bool

    /// Told each piece; whether to go on is the answer.
    let take: ([UInt8]) -> Bool
}
