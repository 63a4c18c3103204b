/// The status and header of a response.
public struct HTTPHead: Sendable {
    /// The status of the final response (RFC 9110, section 15).
    public let status: Int

    /// The header fields in the order of arrival.
    ///
    /// Names are in lower case, and values have no surrounding white space.
    public let headers: [(name: String, value: String)]

    /// Creates a head that does not come from a server.
    public init(status: Int, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = headers
    }

    /// The first value of a header field.
    ///
    /// - Parameter name: The name in lower case.
    /// - Returns: The value, or `nil` if the response has no such field.
    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}
