internal import CCurl

/// libcurl's easy handle: the options of one request and the connections that stay open after it.
///
/// This type wraps a pointer without owning it. ``HTTPClient`` owns the handle.
struct EasyHandle {
    let pointer: UnsafeMutableRawPointer

    /// Initializes libcurl once per process.
    ///
    /// libcurl is never cleaned up, because it is in use until the process ends.
    private static let initialization: CURLcode = curl_global_init(Int(CURL_GLOBAL_NOTHING))

    static func open() throws(HTTPError) -> EasyHandle {
        guard initialization == CURLE_OK else { throw HTTPError(initialization, message: "") }
        guard let pointer = curl_easy_init() else { throw HTTPError(.failed, "no memory for a handle") }
        return EasyHandle(pointer: pointer)
    }

    func close() {
        curl_easy_cleanup(pointer)
    }

    /// Resets the options of the request and keeps the connection.
    func reset() {
        curl_easy_reset(pointer)
    }

    /// Sets all options except headers, body and certificate authorities.
    ///
    /// - Parameters:
    ///   - request: The request to send.
    ///   - userAgent: The value of the `User-Agent` header.
    ///   - limits: The time limits.
    /// - Throws: ``HTTPError`` if libcurl rejects an option.
    func configure(for request: HTTPRequest, userAgent: String, limits: TimeLimits) throws(HTTPError) {
        try check(curl_allow_http_only(pointer))
        try check(curl_set_text(pointer, CURLOPT_URL, request.url))
        try check(curl_set_text(pointer, CURLOPT_USERAGENT, userAgent))
        // HTTP/1.1 regardless of the versions that libcurl was built with.
        try check(curl_set_integer(pointer, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1))
        try check(curl_set_integer(pointer, CURLOPT_FOLLOWLOCATION, 0))
        // By default libcurl uses SIGALRM for the timeout of name resolution.
        try check(curl_set_integer(pointer, CURLOPT_NOSIGNAL, 1))
        try check(curl_abandon_resolution(pointer))
        try check(curl_set_integer(pointer, CURLOPT_TIMEOUT_MS, limits.milliseconds))
        try check(curl_set_integer(pointer, CURLOPT_CONNECTTIMEOUT_MS, limits.connectMilliseconds))
        try check(curl_set_integer(pointer, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1))
        // Zero means no limit. A response to HEAD states the size of a body that it does not send.
        let maximumBytes = request.method == .head ? 0 : request.maximumResponseBytes
        try check(curl_set_size(pointer, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(maximumBytes)))
        if !request.usesProxy { try check(curl_set_text(pointer, CURLOPT_PROXY, "")) }
    }

    /// Sets the certificate authorities.
    ///
    /// libcurl then verifies the server's certificate and host name.
    func trust(_ authorities: CertificateAuthorities) throws(HTTPError) {
        try check(curl_set_integer(pointer, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2))
        try check(curl_set_text(pointer, CURLOPT_CAINFO, authorities.path()))
        // A directory configured when libcurl was built would add authorities to those of the file.
        try check(curl_set_text(pointer, CURLOPT_CAPATH, nil))
    }

    /// Whether the request could be sent: the connection exists and, if required, TLS is established.
    var isConnected: Bool { curl_get_size(pointer, CURLINFO_PRETRANSFER_TIME_T) > 0 }

    func check(_ code: CURLcode) throws(HTTPError) {
        guard code == CURLE_OK else { throw HTTPError(code, message: "") }
    }
}
