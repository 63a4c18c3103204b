internal import CCurl

extension HTTPError {
    /// Creates the error for a result code of libcurl.
    ///
    /// - Parameters:
    ///   - code: The result of the transfer.
    ///   - message: libcurl's message about the error. If it is empty, libcurl's general text for the code is used.
    ///   - phase: The progress of the request.
    init(_ code: CURLcode, message: String, in phase: Phase = .connecting) {
        self.init(
            Kind(code),
            message.isEmpty ? String(cString: curl_easy_strerror(code)) : message,
            in: phase,
            hasTimedOut: code == CURLE_OPERATION_TIMEDOUT
        )
    }
}

extension HTTPError.Kind {
    fileprivate init(_ code: CURLcode) {
        self =
            switch code {
            case CURLE_URL_MALFORMAT: .invalidRequest
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .couldNotResolve
            case CURLE_COULDNT_CONNECT, CURLE_PROXY: .couldNotConnect
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER: .tls
            // Since libcurl 7.62 a certificate for another host has the same code as any invalid certificate. An
            // unreadable file of authorities means that no certificate is trusted, and a retry would not change that.
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
                CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CRL_BADFILE:
                .untrusted
            // The last one: a kept connection ended, and the request's body could not be sent again.
            case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_SEND_FAIL_REWIND:
                .connectionLost
            case CURLE_FILESIZE_EXCEEDED: .tooLarge
            // The scheme is already validated, so this code means an HTTP/0.9 response: bytes without a status line.
            case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .invalidResponse
            default: .failed
            }
    }
}
