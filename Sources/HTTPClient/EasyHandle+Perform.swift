internal import CCurl

extension EasyHandle {
    /// Sends a request that the handle was configured for.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - limits: The limits that were configured.
    /// - Returns: The whole answer.
    /// - Throws: ``HTTPError`` when there is none.
    func perform(_ request: HTTPRequest, limits: TimeLimits) throws(HTTPError) -> HTTPResponse {
        let headers = try headerList(request)
        defer { curl_slist_free_all(headers) }
        try check(curl_set_list(pointer, CURLOPT_HTTPHEADER, headers))
        try setBody(request)

        var collector = ResponseCollector(maximumBodyBytes: request.maximumResponseBytes)
        var message = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = run(collecting: &collector, message: &message)

        guard code == CURLE_OK else {
            let message = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if collector.isTooLarge { throw HTTPError(.tooLarge, "more than the request allows") }
            let isConnected = curl_get_size(pointer, CURLINFO_PRETRANSFER_TIME_T) > 0
            if code == CURLE_OPERATION_TIMEDOUT, !isConnected, limits.endConnectingFirst {
                throw HTTPError(.couldNotConnect, message)
            }
            throw HTTPError(code, message: message)
        }
        guard !collector.isInHeader else { throw HTTPError(.connectionLost, "the header section has no end") }
        return HTTPResponse(
            status: curl_get_integer(pointer, CURLINFO_RESPONSE_CODE),
            headers: collector.headers,
            body: collector.body
        )
    }

    /// Lends both buffers to libcurl for as long as the request takes.
    private func run(collecting collector: inout ResponseCollector, message: inout [CChar]) -> CURLcode {
        message.withUnsafeMutableBufferPointer { message in
            withUnsafeMutablePointer(to: &collector) { collector in
                var code = curl_set_error_buffer(pointer, message.baseAddress)
                if code == CURLE_OK {
                    code = curl_set_receiver(pointer, CURLOPT_HEADERFUNCTION, takeHeader, CURLOPT_HEADERDATA, collector)
                }
                if code == CURLE_OK {
                    code = curl_set_receiver(pointer, CURLOPT_WRITEFUNCTION, takeBody, CURLOPT_WRITEDATA, collector)
                }
                if code == CURLE_OK { code = curl_easy_perform(pointer) }
                _ = curl_set_error_buffer(pointer, nil)
                return code
            }
        }
    }

    /// libcurl takes the method from the body, so the body is set first and the method by name.
    private func setBody(_ request: HTTPRequest) throws(HTTPError) {
        if request.method != .get, request.method != .delete || request.body != nil {
            let body = request.body ?? []
            try check(curl_set_integer(pointer, CURLOPT_POST, 1))
            try check(curl_set_size(pointer, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
            // Without a pointer libcurl would read the body from standard input.
            try check(
                body.isEmpty
                    ? curl_set_text(pointer, CURLOPT_COPYPOSTFIELDS, "")
                    : curl_set_bytes(pointer, CURLOPT_COPYPOSTFIELDS, body)
            )
        }
        try check(curl_set_text(pointer, CURLOPT_CUSTOMREQUEST, request.method.rawValue))
    }

    private func headerList(_ request: HTTPRequest) throws(HTTPError) -> UnsafeMutablePointer<curl_slist>? {
        // A line without a value takes back a header of libcurl's own; one that ends in a semicolon is empty.
        var lines = ["Expect:"]
        var hasType = false
        for header in request.headers {
            hasType = hasType || header.name.lowercased() == "content-type"
            let isEmpty = header.value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 }
            lines.append(isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        if !hasType { lines.append("Content-Type:") }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                throw HTTPError(.failed, "no memory for a header")
            }
            list = longer
        }
        return list
    }
}

/// libcurl stops when fewer bytes are taken than it delivered.
private let takeHeader: curl_write_callback = { bytes, size, count, collector in
    guard let collector = collector?.assumingMemoryBound(to: ResponseCollector.self) else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return collector.pointee.takeHeader(line) ? line.count : 0
}

private let takeBody: curl_write_callback = { bytes, size, count, collector in
    guard let collector = collector?.assumingMemoryBound(to: ResponseCollector.self) else { return 0 }
    let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
    // An empty piece must not be answered with zero taken out of zero as a failure.
    return collector.pointee.takeBody(piece) ? piece.count : 0
}
