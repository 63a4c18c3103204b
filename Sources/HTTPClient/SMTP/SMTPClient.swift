public import Base
internal import CCurl
internal import System

/// Sends messages to a mail server (RFC 5321), one after the other, and reuses the connection.
///
/// A client has one owner and belongs to one thread. It uses no resources until the first message.
///
/// If a password is set, the client sends no credentials and no message without encryption: over `smtp://` the server
/// must offer STARTTLS (RFC 3207). Without a password the client uses STARTTLS if the server offers it. An untrusted
/// certificate is always a failure.
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

    /// Creates a client.
    ///
    /// - Parameters:
    ///   - server: The mail server.
    ///   - authorities: The certificate authorities that the client trusts.
    ///   - connectTimeout: The time limit for a connection, including TLS. An earlier deadline takes precedence.
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
        // libcurl sends QUIT and would wait two minutes for a reply.
        curl_stop_listening(handle.pointer)
        handle.close()
    }

    /// Sends a message and waits until the server accepts responsibility for it.
    ///
    /// - Parameters:
    ///   - message: The complete message, header section and body, with CRLF at the end of each line.
    ///   - sender: The envelope sender, which receives delivery errors. The client uses its domain as its own name.
    ///   - recipient: The envelope recipient.
    ///   - deadline: When to give up.
    /// - Throws: ``SMTPError``. Unless the error is permanent, the server may have accepted the message.
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
            // The handle is reused, so the options of the previous message must be reset.
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

    /// Runs once per process.
    private static let prepareNameService: Void = NameService.useFilesAndDNS()
}
