public import Base
internal import CCurl
internal import System

/// Hands messages to a mail server, one after the other, over one connection while it lasts (RFC 5321).
///
/// A client has one owner and belongs to one thread. It costs nothing until the first message.
///
/// Where there is a password, nothing is said unencrypted: over `smtp://` the server must offer STARTTLS (RFC 3207).
/// Without one it is used when it is offered. Encrypted or not at all: a certificate that is not trusted is a failure.
///
/// ```swift
/// var client = SMTPClient(try SMTPServer(url: "smtp://user:password@mail.example.com:587"))
/// try client.send(message, from: sender, to: recipient, deadline: .after(.seconds(30)))
/// ```
public struct SMTPClient: ~Copyable {
    private let server: SMTPServer
    private let authorities: CertificateAuthorities
    private let connectTimeout: Duration
    private var handle: EasyHandle?

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - server: Where to.
    ///   - authorities: Whom to believe about the server's identity.
    ///   - connectTimeout: How long a connection may take, TLS included; a deadline that is nearer wins.
    public init(
        _ server: SMTPServer,
        authorities: CertificateAuthorities = .system,
        connectTimeout: Duration = .seconds(10)
    ) {
        self.server = server
        self.authorities = authorities
        self.connectTimeout = connectTimeout
    }

    deinit {
        guard let handle else { return }
        // libcurl says goodbye, and would wait two minutes for a server that does not.
        curl_stop_listening(handle.pointer)
        handle.close()
    }

    /// Sends a message and waits until the server has taken responsibility for it.
    ///
    /// - Parameters:
    ///   - message: The whole message, header section and body, with CRLF at the end of each line.
    ///   - sender: The envelope's sender, whom errors go back to; its domain is what the client calls itself.
    ///   - recipient: The envelope's recipient.
    ///   - deadline: When to give up.
    /// - Throws: ``SMTPError``. Unless it is permanent, the server may have taken the message all the same.
    public mutating func send(
        _ message: [UInt8],
        from sender: EmailAddress,
        to recipient: EmailAddress,
        deadline: Deadline
    ) throws(SMTPError) {
        guard !deadline.hasPassed else { throw SMTPError("the deadline had passed before the message was sent") }
        if server.needsNameService { Self.prepareNameService }
        do throws(HTTPError) {
            let handle = try openHandle()
            let limits = TimeLimits(connecting: connectTimeout, deadline: deadline)
            // The handle outlives the message; what it was told about the one before must not.
            handle.reset()
            try handle.configure(for: server, sender: sender, trusting: authorities, limits: limits)
        } catch {
            throw SMTPError(error)
        }
        try handle?.deliver(message, to: recipient)
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
