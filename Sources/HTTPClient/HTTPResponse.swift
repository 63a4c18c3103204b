/// An answer that arrived whole, whatever its status.
public struct HTTPResponse: Sendable {
    /// The status of the final answer (RFC 9110, section 15).
    public let status: Int

    /// Names in lower case and values without surrounding white space, in the order they came.
    public let headers: [(name: String, value: String)]

    public let body: [UInt8]

    /// The first value of a header.
    ///
    /// - Parameter name: The name in lower case.
    /// - Returns: The value, or `nil` if the server sent no such header.
    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}
