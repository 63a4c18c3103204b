/// The caller's functions that receive a response body in pieces.
struct BodyPieces {
    /// Called once with the head of the final response.
    ///
    /// If it returns false, the client collects the body instead.
    let wants: (HTTPHead) -> Bool

    /// Called with each piece; returns whether to continue.
    let take: ([UInt8]) -> Bool
}
