/// An HTTP response, whatever its status.
public struct HTTPResponse: Sendable {
    /// The status and header of the response.
    public let head: HTTPHead

    /// The complete body as the server sent it, or decoded by the codings of ``HTTPRequest/decoding``.
    ///
    /// It is empty if the body was delivered in pieces. A decoded response has no `content-encoding` and no
    /// `content-length`. A body with a coding that the request does not name stays as the server sent it.
    public let body: [UInt8]

    /// Whether the receiver of the body in pieces stopped before the end of the body.
    public let wasStopped: Bool

    /// Creates a response that does not come from a server.
    public init(_ head: HTTPHead, body: [UInt8] = [], wasStopped: Bool = false) {
        self.head = head
        self.body = body
        self.wasStopped = wasStopped
    }

    /// The status of the final response (RFC 9110, section 15).
    public var status: Int { head.status }

    /// The header fields in the order of arrival.
    ///
    /// Names are in lower case, and values have no surrounding white space.
    public var headers: [(name: String, value: String)] { head.headers }

    /// The first value of a header field.
    ///
    /// - Parameter name: The name in lower case.
    /// - Returns: The value, or `nil` if the response has no such field.
    public func header(_ name: String) -> String? { head.header(name) }
}
