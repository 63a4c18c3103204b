/// Sends an answer piece by piece while the endpoint makes it, where the transport can.
public final class AnswerStream {
    private let send: ([UInt8], _ contentType: String, _ isFirst: Bool) -> Bool
    private let contentType: String

    /// Whether a piece was sent, so that the status of the answer cannot change any more.
    public private(set) var hasBegun = false

    /// Makes a stream.
    ///
    /// - Parameters:
    ///   - contentType: The media type of the answer.
    ///   - send: Sends a piece, before the first one the head of the answer; false if the client has gone.
    public init(
        _ contentType: String,
        _ send: @escaping (_ piece: [UInt8], _ contentType: String, _ isFirst: Bool) -> Bool
    ) {
        self.contentType = contentType
        self.send = send
    }

    /// Sends a piece.
    ///
    /// - Returns: Whether the client still listens.
    public func write(_ piece: [UInt8]) -> Bool {
        let isFirst = !hasBegun
        hasBegun = true
        return send(piece, contentType, isFirst)
    }
}
