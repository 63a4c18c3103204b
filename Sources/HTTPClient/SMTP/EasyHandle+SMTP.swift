internal import Base
internal import CCurl

extension EasyHandle {
    /// Sets all options except the message.
    ///
    /// - Parameters:
    ///   - server: The mail server.
    ///   - sender: The envelope sender, which receives delivery errors.
    ///   - authorities: The certificate authorities that the client trusts.
    ///   - limits: The time limits.
    /// - Throws: ``HTTPError`` if libcurl rejects an option.
    func configure(
        for server: SMTPServer,
        sender: EmailAddress,
        trusting authorities: CertificateAuthorities,
        limits: TimeLimits
    ) throws(HTTPError) {
        try check(curl_allow_smtp_only(pointer))
        // libcurl sends the URL's path as the client's name in EHLO.
        let domain = sender.text.split(separator: "@").last ?? ""
        try check(curl_set_text(pointer, CURLOPT_URL, "\(server.address)/\(domain)"))
        try check(curl_set_text(pointer, CURLOPT_MAIL_FROM, "<\(sender.text)>"))
        // By default libcurl uses SIGALRM for the timeout of name resolution.
        try check(curl_set_integer(pointer, CURLOPT_NOSIGNAL, 1))
        try check(curl_abandon_resolution(pointer))
        try check(curl_set_integer(pointer, CURLOPT_TIMEOUT_MS, limits.milliseconds))
        try check(curl_set_integer(pointer, CURLOPT_CONNECTTIMEOUT_MS, limits.connectMilliseconds))
        // The proxy variables apply to HTTP only.
        try check(curl_set_text(pointer, CURLOPT_PROXY, ""))
        let needsEncryption = server.isSecure || server.credentials != nil
        try check(
            curl_set_integer(
                pointer,
                CURLOPT_USE_SSL,
                Int((needsEncryption ? CURLUSESSL_ALL : CURLUSESSL_TRY).rawValue)
            )
        )
        do {
            try trust(authorities)
        } catch {
            // If encryption is optional, a machine without certificates can send without it.
            if needsEncryption { throw error }
        }
        guard let credentials = server.credentials else { return }
        try check(curl_set_text(pointer, CURLOPT_USERNAME, credentials.user.text))
        try check(curl_set_text(pointer, CURLOPT_PASSWORD, credentials.password.text))
    }

    /// Sends a message to one recipient.
    ///
    /// - Throws: ``SMTPError`` if the server rejected the message, or if the outcome is unknown.
    func deliver(_ message: [UInt8], to recipient: EmailAddress) throws(SMTPError) {
        guard let recipients = curl_slist_append(nil, "<\(recipient.text)>") else {
            throw SMTPError("no memory for a recipient")
        }
        defer { curl_slist_free_all(recipients) }
        var conversation = SMTPConversation(message: message)
        let code = withUnsafeMutablePointer(to: &conversation) { conversation in
            var code = curl_set_list(pointer, CURLOPT_MAIL_RCPT, recipients)
            if code == CURLE_OK { code = curl_set_integer(pointer, CURLOPT_UPLOAD, 1) }
            if code == CURLE_OK { code = curl_set_size(pointer, CURLOPT_INFILESIZE_LARGE, curl_off_t(message.count)) }
            if code == CURLE_OK {
                code = curl_set_receiver(pointer, CURLOPT_READFUNCTION, giveMessage, CURLOPT_READDATA, conversation)
            }
            if code == CURLE_OK {
                code = curl_set_receiver(pointer, CURLOPT_WRITEFUNCTION, dropText, CURLOPT_WRITEDATA, conversation)
            }
            if code == CURLE_OK { code = curl_set_observer(pointer, observe, conversation) }
            if code == CURLE_OK { code = curl_set_progress(pointer, leaveWhenOver, conversation) }
            return code == CURLE_OK ? curl_easy_perform(pointer) : code
        }
        guard code != CURLE_OK else { return }
        if let refusal = conversation.refusal { throw refusal }
        if code == CURLE_USE_SSL_FAILED { throw SMTPError("the server offers no encryption") }
        throw SMTPError(HTTPError(code, message: ""))
    }
}

/// libcurl fetches the message in pieces; a length of zero marks its end.
private let giveMessage: curl_read_callback = { buffer, size, count, conversation in
    guard let conversation = conversation?.assumingMemoryBound(to: SMTPConversation.self), let buffer else { return 0 }
    let piece = conversation.pointee.nextPiece(atMost: size * count)
    UnsafeMutableRawBufferPointer(start: buffer, count: size * count).copyBytes(from: piece)
    return piece.count
}

/// Without this callback libcurl would print the server's replies.
private let dropText: curl_write_callback = { _, size, count, _ in size * count }

/// Records the lines of the conversation.
///
/// Ignores the message and libcurl's own texts.
private let observe: curl_debug_callback = { _, kind, bytes, count, conversation in
    guard let conversation = conversation?.assumingMemoryBound(to: SMTPConversation.self) else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: count)
    if kind == CURLINFO_HEADER_OUT { conversation.pointee.takeCommand(line) }
    if kind == CURLINFO_HEADER_IN { conversation.pointee.takeReply(line) }
    return 0
}

/// After a refusal libcurl sends QUIT, even past the deadline, and waits two minutes for a reply.
///
/// This callback aborts the wait.
private let leaveWhenOver: curl_xferinfo_callback = { conversation, _, _, _, _ in
    guard let conversation = conversation?.assumingMemoryBound(to: SMTPConversation.self) else { return 0 }
    return conversation.pointee.isOver ? 1 : 0
}
