/// An answer, whatever its status.
public struct HTTPResponse: Sendable {
    /// What came before the body.
    public let head: HTTPHead

    /// The whole body, as it came; empty where it was handed over in pieces.
    ///
    /// No encoding is asked for and none is undone: what a server compresses all the same arrives compressed.
    public let body: [UInt8]

    /// Whether whoever took the body in pieces had enough before its end.
    public let wasStopped: Bool

    /// Makes an answer that no server sent.
    public init(_ head: HTTPHead, body: [UInt8] = [], wasStopped: Bool = false) {
        self.head = head
        self.body = body
        self.wasStopped = wasStopped
    }

    /// The status of the final answer (RFC 9110, section 15).
    public var status: Int { head.status }

    /// Names in lower case and values without surrounding white space, in the order they came.
    public var headers: [(name: String, value: String)] { head.headers }

    /// The first value of a header.
    ///
    /// - Parameter name: The name in lower case.
    /// - Returns: The value, or `nil` if the server sent no such header.
    public func header(_ name: String) -> String? { head.header(name) }
}
