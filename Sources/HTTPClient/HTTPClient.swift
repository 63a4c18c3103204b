public import Base
internal import System

/// Sends HTTP requests one after the other and keeps connections open between them.
///
/// A client has one owner and belongs to one thread. It uses no resources until the first request. It does not follow
/// redirects, because a server could redirect a request with its credential to another host.
///
/// If the server closes a kept connection before a byte of a response has arrived, the client sends a request that only
/// reads again on a new connection. Any other request fails, because the server may have done its work.
///
/// ```swift
/// var client = HTTPClient(userAgent: "nofx")
/// let answer = try client.send(HTTPRequest(.get, "https://example.com/"), deadline: .after(.seconds(2)))
/// ```
public struct HTTPClient: ~Copyable {
    private let userAgent: String
    private let authorities: CertificateAuthorities
    private let connectTimeout: Duration
    private let egress: EgressPolicy
    private var handles: (easy: EasyHandle, transfers: MultiHandle)?

    /// Creates a client.
    ///
    /// - Parameters:
    ///   - userAgent: The value of the `User-Agent` header of every request.
    ///   - authorities: The certificate authorities that the client trusts.
    ///   - connectTimeout: The time limit for a connection, including TLS. An earlier deadline takes precedence.
    ///   - egress: The addresses to which the client may connect. With any policy except ``EgressPolicy/anywhere`` the
    ///     client uses no proxy, because only the proxy would know the server's address.
    public init(
        userAgent: String,
        authorities: CertificateAuthorities = .system,
        connectTimeout: Duration = .seconds(5),
        egress: EgressPolicy = .anywhere
    ) {
        self.userAgent = userAgent
        self.authorities = authorities
        self.connectTimeout = connectTimeout
        self.egress = egress
    }

    deinit {
        handles?.easy.close()
        handles?.transfers.close()
    }

    /// Sends a request and waits for the complete response.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - deadline: When to give up; `nil` waits without limit.
    ///   - cancellation: Checked at least every 100 ms; once it is cancelled, the request fails.
    /// - Returns: The response, whatever its status.
    /// - Throws: ``HTTPError`` if there is no complete response. ``HTTPError/phase`` shows whether the server may have
    ///   processed the request.
    public mutating func send(
        _ request: HTTPRequest,
        deadline: Deadline?,
        cancellation: Cancellation? = nil
    ) throws(HTTPError) -> HTTPResponse {
        try perform(request, deadline: deadline, cancellation: cancellation, pieces: nil)
    }

    /// Sends a request and delivers the response body in pieces as they arrive.
    ///
    /// - Parameters:
    ///   - request: The request. Its size limit applies to the whole body, and its idle limit to every pause.
    ///   - deadline: When to give up; `nil` waits without limit.
    ///   - cancellation: Checked at least every 100 ms; once it is cancelled, no further piece is delivered.
    ///   - onHead: Called once with the head of the final response; returns whether to deliver the body in pieces. If
    ///     not, the body is collected as in ``send(_:deadline:cancellation:)``.
    ///   - onBody: Called with each piece; returns `false` to stop. The time it takes does not count as idle time.
    /// - Returns: The response: its head, and the body if it was collected. All pieces were delivered unless
    ///   ``HTTPResponse/wasStopped`` is true.
    /// - Throws: ``HTTPError`` if there is no response or if it ends early. This can happen after some pieces were
    ///   delivered.
    public mutating func stream(
        _ request: HTTPRequest,
        deadline: Deadline?,
        cancellation: Cancellation? = nil,
        onHead: (HTTPHead) -> Bool,
        onBody: ([UInt8]) -> Bool
    ) throws(HTTPError) -> HTTPResponse {
        // libcurl's callbacks do not keep the closures after the transfer.
        try withoutActuallyEscaping(onHead) { (onHead) throws(HTTPError) in
            try withoutActuallyEscaping(onBody) { (onBody) throws(HTTPError) in
                try perform(
                    request,
                    deadline: deadline,
                    cancellation: cancellation,
                    pieces: BodyPieces(wants: onHead, take: onBody)
                )
            }
        }
    }

    private mutating func perform(
        _ request: HTTPRequest,
        deadline: Deadline?,
        cancellation: Cancellation?,
        pieces: BodyPieces?
    ) throws(HTTPError) -> HTTPResponse {
        try request.validate()
        var request = request
        if egress != .anywhere { request.usesProxy = false }
        if cancellation?.isCancelled == true { throw HTTPError(.cancelled, "before the request was sent") }
        if let deadline, deadline.hasPassed {
            throw HTTPError(.timeout, "the deadline had passed before the request was sent", hasTimedOut: true)
        }
        if request.needsNameService { Self.prepareNameService }
        let (handle, transfers) = try openHandles()
        // The handle is reused, so the options of this request must be reset.
        defer { handle.reset() }
        let limits = TimeLimits(connecting: connectTimeout, deadline: deadline)
        try handle.configure(for: request, userAgent: userAgent, limits: limits)
        if request.isSecure { try handle.trust(authorities) }
        return try handle.perform(
            request,
            in: transfers,
            limits: limits,
            egress: egress,
            cancellation: cancellation,
            pieces: pieces
        )
    }

    private mutating func openHandles() throws(HTTPError) -> (EasyHandle, MultiHandle) {
        if let handles { return handles }
        let easy = try EasyHandle.open()
        do throws(HTTPError) {
            let opened = (easy, try MultiHandle.open())
            handles = opened
            return opened
        } catch {
            easy.close()
            throw error
        }
    }

    /// Runs once per process.
    private static let prepareNameService: Void = NameService.useFilesAndDNS()
}
