/// One request, complete before it is sent.
public struct HTTPRequest: Sendable {
    /// What the request asks for (RFC 9110, section 9).
    public enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    public var method: Method

    /// An absolute `http` or `https` URL, already percent-encoded.
    public var url: String

    /// Names and values in the order they are sent.
    ///
    /// Length, framing and host are the client's business.
    public var headers: [(name: String, value: String)]

    /// The content, or `nil` for a request without any.
    public var body: [UInt8]?

    /// The largest response body that is taken, in bytes, be it at once or in pieces.
    ///
    /// A larger one is ``HTTPError/Kind/tooLarge``.
    public var maximumResponseBytes: Int

    /// How long nothing may move between the two sides once an answer has begun; `nil` for as long as it takes.
    ///
    /// Longer silence is ``HTTPError/Kind/timeout``, however much of the deadline is left. A server may think before it
    /// speaks: until then there is the deadline alone.
    public var idleLimit: Duration?

    /// Whether `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` of the process are honoured.
    public var usesProxy: Bool

    /// Describes a request.
    ///
    /// - Parameters:
    ///   - method: What the request asks for.
    ///   - url: An absolute `http` or `https` URL, already percent-encoded.
    ///   - headers: Names and values in the order they are sent.
    ///   - body: The content, or `nil` for a request without any.
    ///   - maximumResponseBytes: The largest response body that is taken.
    ///   - idleLimit: How long nothing may move within an answer.
    ///   - usesProxy: Whether the proxy variables of the process are honoured.
    public init(
        _ method: Method,
        _ url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil,
        maximumResponseBytes: Int = 4 << 20,
        idleLimit: Duration? = nil,
        usesProxy: Bool = true
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.maximumResponseBytes = maximumResponseBytes
        self.idleLimit = idleLimit
        self.usesProxy = usesProxy
    }
}
