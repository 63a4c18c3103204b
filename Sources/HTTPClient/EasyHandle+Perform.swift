internal import Base
internal import CCurl

extension EasyHandle {
    /// Sends a request for which the handle is configured.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - transfers: The multi handle that runs the transfer.
    ///   - limits: The configured time limits.
    ///   - egress: The addresses to which connections are allowed.
    ///   - cancellation: Ends the request early.
    ///   - pieces: Receives the body in pieces; nil collects the body.
    /// - Returns: The complete response.
    /// - Throws: ``HTTPError`` if there is no complete response.
    func perform(
        _ request: HTTPRequest,
        in transfers: MultiHandle,
        limits: TimeLimits,
        egress: EgressPolicy,
        cancellation: Cancellation?,
        pieces: BodyPieces?
    ) throws(HTTPError) -> HTTPResponse {
        let headers = try headerList(request)
        defer { curl_slist_free_all(headers) }
        try check(curl_set_list(pointer, CURLOPT_HTTPHEADER, headers))
        try setMethod(of: request)

        var content = RequestContent(bytes: request.body ?? [])
        var collector = ResponseCollector(
            maximumBodyBytes: request.maximumResponseBytes,
            decoding: request.method == .head ? .none : request.decoding,
            pieces: pieces
        )
        var watch = TransferWatch(
            idleLimit: request.idleLimit,
            firstByteLimit: request.firstByteLimit,
            cancellation: cancellation
        )
        var message = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        var filter = AddressFilter(egress)
        let ending = guarded(by: &filter) {
            run(in: transfers, watching: &watch, sending: &content, collecting: &collector, message: &message)
        }
        if let error = failure(ending, collector, message: message, limits: limits) {
            // The filter may refuse one of several addresses while another is allowed but unreachable.
            guard filter.hasRefused, error.kind == .couldNotConnect else { throw error }
            throw HTTPError(.forbiddenAddress, "the client must not connect to this address")
        }
        return HTTPResponse(collector.head, body: collector.body, wasStopped: collector.isStopped)
    }

    /// The error of a transfer that ended this way, or nil if there is a response.
    private func failure(
        _ ending: MultiHandle.Ending,
        _ collector: ResponseCollector,
        message: [CChar],
        limits: TimeLimits
    ) -> HTTPError? {
        let phase = collector.phase ?? (isConnected ? .waiting : .connecting)
        switch ending {
        case .cancelled: return HTTPError(.cancelled, "the caller cancelled the request", in: phase)
        case .silent:
            let limit = collector.hasBody ? "the idle limit" : "the limit of the first byte"
            return HTTPError(.timeout, "no data moved for longer than \(limit)", in: phase, hasTimedOut: true)
        case .finished(CURLE_OK):
            if let fault = collector.contentFault { return HTTPError(.invalidResponse, fault, in: phase) }
            guard collector.isInHeader else { return nil }
            return HTTPError(.connectionLost, "the header section has no end", in: phase)
        case .finished(let code):
            if collector.isStopped { return nil }
            if collector.isTooLarge { return HTTPError(.tooLarge, "the response exceeds the size limit", in: phase) }
            if let fault = collector.contentFault, code == CURLE_WRITE_ERROR {
                return HTTPError(.invalidResponse, fault, in: phase)
            }
            let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if code == CURLE_OPERATION_TIMEDOUT, phase == .connecting, limits.endConnectingFirst {
                return HTTPError(.couldNotConnect, text, hasTimedOut: true)
            }
            return HTTPError(code, message: text, in: phase)
        }
    }

    /// Passes all buffers to libcurl for the duration of the request.
    private func run(
        in transfers: MultiHandle,
        watching watch: inout TransferWatch,
        sending content: inout RequestContent,
        collecting collector: inout ResponseCollector,
        message: inout [CChar]
    ) -> MultiHandle.Ending {
        message.withUnsafeMutableBufferPointer { message in
            withUnsafeMutablePointer(to: &collector) { collector in
                withUnsafeMutablePointer(to: &content) { content in
                    let code = setCallbacks(message: message, collector: collector, content: content)
                    defer { _ = curl_set_error_buffer(pointer, nil) }
                    guard code == CURLE_OK else { return .finished(code) }
                    return transfers.run(self, watching: &watch) {
                        (collector.pointee.receivedBytes, collector.pointee.hasBody)
                    }
                }
            }
        }
    }

    private func setCallbacks(
        message: UnsafeMutableBufferPointer<CChar>,
        collector: UnsafeMutablePointer<ResponseCollector>,
        content: UnsafeMutablePointer<RequestContent>
    ) -> CURLcode {
        var code = curl_set_error_buffer(pointer, message.baseAddress)
        if code == CURLE_OK {
            code = curl_set_receiver(pointer, CURLOPT_HEADERFUNCTION, takeHeader, CURLOPT_HEADERDATA, collector)
        }
        if code == CURLE_OK {
            code = curl_set_receiver(pointer, CURLOPT_WRITEFUNCTION, takeBody, CURLOPT_WRITEDATA, collector)
        }
        if code == CURLE_OK {
            code = curl_set_receiver(pointer, CURLOPT_READFUNCTION, giveContent, CURLOPT_READDATA, content)
        }
        return code
    }

    /// Sets the method, and where libcurl gets the body.
    ///
    /// libcurl derives the method from the body, so the method's name comes last.
    ///
    /// If a server closes a kept connection without an answer, libcurl sends the request again by itself, although the
    /// server may have done the work. It cannot do that with a body that it can read only once, and a request without
    /// a body gets a connection of its own.
    private func setMethod(of request: HTTPRequest) throws(HTTPError) {
        if request.method == .head {
            // A response to HEAD may contain Content-Length, but no body follows.
            return try check(curl_set_integer(pointer, CURLOPT_NOBODY, 1))
        }
        if request.method != .get, request.method != .delete || request.body != nil {
            let count = request.body?.count ?? 0
            try check(curl_set_integer(pointer, CURLOPT_POST, 1))
            try check(curl_set_size(pointer, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(count)))
            if count == 0 { try check(curl_set_integer(pointer, CURLOPT_FRESH_CONNECT, 1)) }
        }
        if request.method == .delete, request.body == nil {
            try check(curl_set_integer(pointer, CURLOPT_FRESH_CONNECT, 1))
        }
        try check(curl_set_text(pointer, CURLOPT_CUSTOMREQUEST, request.method.rawValue))
    }

    private func headerList(_ request: HTTPRequest) throws(HTTPError) -> UnsafeMutablePointer<curl_slist>? {
        // A line without a value removes a header that libcurl adds. A line that ends in a semicolon sends an empty
        // header.
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

/// libcurl aborts the transfer if the callback consumes fewer bytes than libcurl delivered.
private let takeHeader: curl_write_callback = { bytes, size, count, collector in
    guard let collector = collector?.assumingMemoryBound(to: ResponseCollector.self) else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return collector.pointee.takeHeader(line) ? line.count : 0
}

/// The content of a request, of which libcurl reads one part after the other.
private struct RequestContent {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let part = bytes[position...].prefix(buffer.count)
        buffer.copyBytes(from: part)
        position += part.count
        return part.count
    }
}

private let giveContent: curl_read_callback = { buffer, size, count, content in
    guard let content = content?.assumingMemoryBound(to: RequestContent.self) else { return 0 }
    return content.pointee.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
}

private let takeBody: curl_write_callback = { bytes, size, count, collector in
    guard let collector = collector?.assumingMemoryBound(to: ResponseCollector.self) else { return 0 }
    let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
    // An empty piece must return a count of zero, which libcurl does not treat as a failure.
    return collector.pointee.takeBody(piece) ? piece.count : 0
}
