public import Base
public import HTTPClient

extension Provider {
    /// Decodes a complete response.
    ///
    /// A truncated answer and a refusal also decode without an error; ``accept(_:)`` rejects the refusal.
    ///
    /// - Parameters:
    ///   - response: The response, with any status.
    ///   - request: The request; nil for a conversation.
    ///   - time: The time at which it arrived; rate-limit resets are relative to it.
    /// - Returns: The decoded answer.
    /// - Throws: ``AIError`` for an error, even with status 200, and for a body that is not an answer.
    public func completion(
        from response: HTTPResponse,
        to request: CompletionRequest? = nil,
        at time: Timestamp = .now()
    ) throws(AIError) -> Completion {
        let format = request.flatMap(wireFormat.format(of:)) ?? wireFormat.format
        let context = ResponseContext(self, status: response.status, headers: response.headers, at: time)
        guard (200...299).contains(response.status) else { throw context.error(ErrorBody(of: response.body)) }
        if let coding = response.head.unreadCoding {
            throw context.error(.unreadable, "the answer has the content coding \(coding), which cannot be read")
        }
        if ServerSentEvents.begin(response.body) { return try streamedCompletion(from: response, at: time) }
        let document: JSONDocument
        do {
            document = try JSONDocument(lenient: response.body, limits: .answer)
        } catch {
            throw context.error(.unreadable, "\(error)")
        }
        guard document.root.kind == .object else { throw context.error(.unreadable, "the answer is no object") }
        do throws(WireFault) {
            return context.completion(try format.checkedRead(document.root, for: self))
        } catch {
            throw context.error(error)
        }
    }

    /// Decodes a stream that arrived as a whole, under whatever content type.
    private func streamedCompletion(from response: HTTPResponse, at time: Timestamp) throws(AIError) -> Completion {
        var stream = makeStream(status: response.status, headers: response.headers, at: time)
        var events = ServerSentEvents()
        do {
            for event in try events.take(response.body) { _ = try stream.take(event: event.event, data: event.data) }
            if let event = events.finish() { _ = try stream.take(lastEvent: event) }
        } catch let error as AIError {
            throw error
        } catch {
            throw AIError(.unreadable, provider: name, status: response.status, message: "\(error)")
        }
        return try stream.finish()
    }

    /// Makes a decoder for a streamed answer.
    ///
    /// - Parameters:
    ///   - status: The status of the response, a 2xx.
    ///   - headers: The headers, names in lower case.
    ///   - time: The time at which the response arrived; rate-limit resets are relative to it.
    /// - Returns: A decoder that takes the events of the stream.
    public func makeStream(
        status: Int = 200,
        headers: [(name: String, value: String)] = [],
        at time: Timestamp = .now()
    ) -> CompletionStream {
        CompletionStream(ResponseContext(self, status: status, headers: headers, at: time))
    }

    /// Classifies the failure of a request that got no response.
    public func error(_ error: HTTPError, hasPartialOutput: Bool = false) -> AIError {
        AIError(
            AIFailure(error),
            provider: name,
            status: error.phase.status.flatMap { $0 >= 300 ? $0 : nil },
            hasPartialOutput: hasPartialOutput,
            message: redacted(error.debugDescription)
        )
    }

    /// Rejects an answer that is not usable.
    ///
    /// - Returns: The answer, which may be truncated at its token limit.
    /// - Throws: ``AIError`` for a refusal, for an empty answer, and for a model that paused or waits for a tool.
    public func accept(_ completion: Completion) throws(AIError) -> Completion {
        guard let cause = completion.objection else { return completion }
        throw AIError(
            cause,
            provider: name,
            status: 200,
            requestID: completion.requestID,
            rateLimits: completion.rateLimits,
            completion: completion,
            message: redacted(completion.stopReason.rawValue)
        )
    }
}

extension WireFormat {
    /// Decodes an answer that may be an error.
    ///
    /// The error carries the usage that the provider counted.
    fileprivate func checkedRead(_ root: JSONValue, for provider: Provider) throws(WireFault) -> WireAnswer {
        guard let body = ErrorBody(in: root) else { return try read(root, for: provider) }
        do throws(WireFault) {
            throw .reported(body, try read(root, for: provider))
        } catch .reported(_, let answer) {
            throw .reported(body, answer)
        } catch {
            throw .reported(body, nil)
        }
    }
}

extension Completion {
    /// The reason to reject the answer; nil if it is usable.
    fileprivate var objection: AIFailure? {
        switch stopReason.kind {
        case .refusal: .refused
        case .toolUse, .pause: .unexpectedStop
        case .failure: text.isEmpty ? .internalError : .cut
        case .finished, .stopSequence, .other: text.isEmpty && embeddings == nil ? .empty : nil
        case .maxTokens, .contextWindow: nil
        }
    }
}

extension HTTPHead {
    /// The content coding that the client did not decode; nil if the body can be read.
    var unreadCoding: String? {
        let codings = header("content-encoding")?.lowercasedASCII ?? ""
        return codings.isEmpty || codings == "identity" ? nil : codings
    }
}
