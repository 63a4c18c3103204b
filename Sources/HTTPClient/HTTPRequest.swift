/// An HTTP request with its limits.
public struct HTTPRequest: Sendable {
    /// The request method (RFC 9110, section 9).
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

    /// The header fields, in the order in which they are sent.
    ///
    /// The client sets the fields for length, framing and host.
    public var headers: [(name: String, value: String)]

    /// The content, or `nil` for a request without content.
    public var body: [UInt8]?

    /// The largest accepted response body in bytes, collected or in pieces.
    ///
    /// A larger body fails with ``HTTPError/Kind/tooLarge``.
    public var maximumResponseBytes: Int

    /// The longest time without any data transfer once a response has begun; `nil` means no limit.
    ///
    /// A longer pause fails with ``HTTPError/Kind/timeout``, even if the deadline is later. Before the response begins,
    /// only the deadline applies, because a server may need time to produce its response.
    public var idleLimit: Duration?

    /// The longest time until the first byte of the response's body; `nil` means no limit.
    ///
    /// It counts from the begin of the request. The idle limit, where there is one, applies from that byte on.
    public var firstByteLimit: Duration?

    /// The content codings that the client decodes; none by default.
    ///
    /// The size limit then applies to the decoded body. The client does not ask for a coding by itself: add a header
    /// `Accept-Encoding` for that.
    public var decoding: ContentDecoding

    /// Whether the client uses the proxies in the variables `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`.
    public var usesProxy: Bool

    /// Creates a request.
    ///
    /// - Parameters:
    ///   - method: The request method.
    ///   - url: An absolute `http` or `https` URL, already percent-encoded.
    ///   - headers: The header fields, in the order in which they are sent.
    ///   - body: The content, or `nil` for a request without content.
    ///   - maximumResponseBytes: The largest accepted response body in bytes.
    ///   - idleLimit: The longest time without any data transfer once a response has begun.
    ///   - firstByteLimit: The longest time until the first byte of the response's body.
    ///   - decoding: The content codings that the client decodes.
    ///   - usesProxy: Whether the client uses the proxies in the environment variables.
    public init(
        _ method: Method,
        _ url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil,
        maximumResponseBytes: Int = 4 << 20,
        idleLimit: Duration? = nil,
        firstByteLimit: Duration? = nil,
        decoding: ContentDecoding = .none,
        usesProxy: Bool = true
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.maximumResponseBytes = maximumResponseBytes
        self.idleLimit = idleLimit
        self.firstByteLimit = firstByteLimit
        self.decoding = decoding
        self.usesProxy = usesProxy
    }
}
