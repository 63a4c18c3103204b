internal import CCurl

/// libcurl's easy handle: the options of one request, and the connections that outlive it.
///
/// A name for a pointer; ``HTTPClient`` owns what it points to.
struct EasyHandle {
    let pointer: UnsafeMutableRawPointer

    /// Runs once, however many clients there are.
    ///
    /// libcurl is never torn down: the process ends first.
    private static let initialization: CURLcode = curl_global_init(Int(CURL_GLOBAL_NOTHING))

    static func open() throws(HTTPError) -> EasyHandle {
        guard initialization == CURLE_OK else { throw HTTPError(initialization, message: "") }
        guard let pointer = curl_easy_init() else { throw HTTPError(.failed, "no memory for a handle") }
        return EasyHandle(pointer: pointer)
    }

    func close() {
        curl_easy_cleanup(pointer)
    }

    /// Forgets the request, not its connection.
    func reset() {
        curl_easy_reset(pointer)
    }

    /// Sets everything but headers, body and trust.
    ///
    /// - Parameters:
    ///   - request: What will be sent.
    ///   - userAgent: The client's name.
    ///   - limits: How long it may take.
    /// - Throws: ``HTTPError`` when libcurl refuses an option.
    func configure(for request: HTTPRequest, userAgent: String, limits: TimeLimits) throws(HTTPError) {
        try check(curl_allow_http_only(pointer))
        try check(curl_set_text(pointer, CURLOPT_URL, request.url))
        try check(curl_set_text(pointer, CURLOPT_USERAGENT, userAgent))
        // One version whatever libcurl was built with.
        try check(curl_set_integer(pointer, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1))
        try check(curl_set_integer(pointer, CURLOPT_FOLLOWLOCATION, 0))
        // The default would time name resolution with SIGALRM.
        try check(curl_set_integer(pointer, CURLOPT_NOSIGNAL, 1))
        try check(curl_abandon_resolution(pointer))
        try check(curl_set_integer(pointer, CURLOPT_TIMEOUT_MS, limits.milliseconds))
        try check(curl_set_integer(pointer, CURLOPT_CONNECTTIMEOUT_MS, limits.connectMilliseconds))
        try check(curl_set_integer(pointer, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1))
        // Zero means no limit: an answer to HEAD tells the size of what does not come.
        let maximumBytes = request.method == .head ? 0 : request.maximumResponseBytes
        try check(curl_set_size(pointer, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(maximumBytes)))
        if !request.usesProxy { try check(curl_set_text(pointer, CURLOPT_PROXY, "")) }
    }

    /// Names whom to believe about the server's identity; libcurl then checks certificate and host name.
    func trust(_ authorities: CertificateAuthorities) throws(HTTPError) {
        try check(curl_set_integer(pointer, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2))
        try check(curl_set_text(pointer, CURLOPT_CAINFO, authorities.path()))
        // A directory that libcurl was built with would add authorities to the named file.
        try check(curl_set_text(pointer, CURLOPT_CAPATH, nil))
    }

    /// Whether the request could be sent: there is a connection, and it is as secure as it must be.
    var isConnected: Bool { curl_get_size(pointer, CURLINFO_PRETRANSFER_TIME_T) > 0 }

    func check(_ code: CURLcode) throws(HTTPError) {
        guard code == CURLE_OK else { throw HTTPError(code, message: "") }
    }
}
