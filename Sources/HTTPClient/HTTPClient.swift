public import Base
internal import System

/// Sends requests one after the other and keeps connections open between them.
///
/// A client has one owner and belongs to one thread. It costs nothing until the first request. Redirects
/// are not followed: a credential must not travel to where a server points.
///
/// A request on a kept connection that the server closed meanwhile is sent again on a new one, but only
/// if no byte of an answer had come.
///
/// ```swift
/// var client = HTTPClient(userAgent: "nofx")
/// let answer = try client.send(HTTPRequest(.get, "https://example.com/"), deadline: .after(.seconds(2)))
/// ```
public struct HTTPClient: ~Copyable {
    private let userAgent: String
    private let authorities: CertificateAuthorities
    private let connectTimeout: Duration
    private var handle: EasyHandle?

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - userAgent: The value of the `User-Agent` header of every request.
    ///   - authorities: Whom to believe about a server's identity.
    ///   - connectTimeout: How long a connection may take, TLS included; a deadline that is nearer wins.
    public init(
        userAgent: String,
        authorities: CertificateAuthorities = .system,
        connectTimeout: Duration = .seconds(5)
    ) {
        self.userAgent = userAgent
        self.authorities = authorities
        self.connectTimeout = connectTimeout
    }

    deinit {
        handle?.close()
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - request: What to send.
    ///   - deadline: When to give up; `nil` waits as long as it takes.
    /// - Returns: The answer, whatever its status.
    /// - Throws: ``HTTPError`` when there is no answer. After ``HTTPError/Kind/timeout`` and
    ///   ``HTTPError/Kind/connectionLost`` the server may have acted on the request all the same.
    public mutating func send(_ request: HTTPRequest, deadline: Deadline?) throws(HTTPError) -> HTTPResponse {
        try request.validate()
        if let deadline, deadline.hasPassed {
            throw HTTPError(.timeout, "the deadline had passed before the request was sent")
        }
        if request.needsNameService { Self.prepareNameService }
        let handle = try openHandle()
        // The handle outlives the request; what it was told about this one must not.
        defer { handle.reset() }
        let limits = TimeLimits(connecting: connectTimeout, deadline: deadline)
        try handle.configure(for: request, userAgent: userAgent, limits: limits)
        if request.isSecure { try handle.trust(authorities) }
        return try handle.perform(request, limits: limits)
    }

    private mutating func openHandle() throws(HTTPError) -> EasyHandle {
        if let handle { return handle }
        let opened = try EasyHandle.open()
        handle = opened
        return opened
    }

    /// Runs once, however many clients there are.
    private static let prepareNameService: Void = NameService.useFilesAndDNS()
}
