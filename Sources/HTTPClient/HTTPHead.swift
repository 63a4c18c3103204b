/// What comes before the body of an answer.
public struct HTTPHead: Sendable {
    /// The status of the final answer (RFC 9110, section 15).
    public let status: Int

    /// Names in lower case and values without surrounding white space, in the order they came.
    public let headers: [(name: String, value: String)]

    /// Makes a head that no server sent.
    public init(status: Int, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = headers
    }

    /// The first value of a header.
    ///
    /// - Parameter name: The name in lower case.
    /// - Returns: The value, or `nil` if the server sent no such header.
    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}
