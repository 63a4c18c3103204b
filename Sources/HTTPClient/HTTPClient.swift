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
    private let egress: EgressPolicy
    private var handles: (easy: EasyHandle, transfers: MultiHandle)?

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - userAgent: The value of the `User-Agent` header of every request.
    ///   - authorities: Whom to believe about a server's identity.
    ///   - connectTimeout: How long a connection may take, TLS included; a deadline that is nearer wins.
    ///   - egress: Which addresses it may connect to. Unless that is anywhere, it uses no proxy: only the proxy would
    ///     know the server's address.
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

    /// Sends a request and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - request: What to send.
    ///   - deadline: When to give up; `nil` waits as long as it takes.
    ///   - cancellation: Looked at every 100 ms at least; once it is told, there is no answer any more.
    /// - Returns: The answer, whatever its status.
    /// - Throws: ``HTTPError`` when there is no answer. ``HTTPError/phase`` tells whether the server may have acted on
    ///   the request all the same.
    public mutating func send(
        _ request: HTTPRequest,
        deadline: Deadline?,
        cancellation: Cancellation? = nil
    ) throws(HTTPError) -> HTTPResponse {
        try perform(request, deadline: deadline, cancellation: cancellation, pieces: nil)
    }

    /// Sends a request and hands over the body of the answer as it comes.
    ///
    /// - Parameters:
    ///   - request: What to send; its limits hold for all of the body and for every silence.
    ///   - deadline: When to give up; `nil` waits as long as it takes.
    ///   - cancellation: Looked at every 100 ms at least; once it is told, nothing more is handed over.
    ///   - onHead: Asked once, when the head of the final answer is there: whether to hand over the body in pieces.
    ///     Otherwise it is collected as in ``send(_:deadline:cancellation:)``.
    ///   - onBody: Told each piece; `false` means that no more is wanted. The time it takes is no silence.
    /// - Returns: The answer: its head, and the body if it was collected. It was handed over to its end unless
    ///   ``HTTPResponse/wasStopped``.
    /// - Throws: ``HTTPError`` when there is no answer, or when it ended too early: after pieces were handed over too.
    public mutating func stream(
        _ request: HTTPRequest,
        deadline: Deadline?,
        cancellation: Cancellation? = nil,
        onHead: (HTTPHead) -> Bool,
        onBody: ([UInt8]) -> Bool
    ) throws(HTTPError) -> HTTPResponse {
        // libcurl's callbacks keep nothing beyond the transfer.
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
        // The handle outlives the request; what it was told about this one must not.
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

    /// Runs once, however many clients there are.
    private static let prepareNameService: Void = NameService.useFilesAndDNS()
}
