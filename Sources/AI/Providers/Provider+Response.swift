public import Base
public import HTTPClient

extension Provider {
    /// Reads a whole answer.
    ///
    /// An answer that was cut off at its limit, or that is a refusal, is an answer; ``accept(_:)`` tells them apart.
    ///
    /// - Parameters:
    ///   - response: What came, whatever its status.
    ///   - time: When it came, which the provider's limits count from.
    /// - Returns: The answer.
    /// - Throws: ``AIError`` for an error, also one that came with status 200, and for what is no answer.
    public func completion(
        from response: HTTPResponse,
        at time: Timestamp = .now()
    ) throws(AIError) -> Completion {
        let context = ResponseContext(self, status: response.status, headers: response.headers, at: time)
        guard (200...299).contains(response.status) else { throw context.error(ErrorBody(of: response.body)) }
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: response.body, limits: .answer)
        } catch {
            throw context.error(.unreadable, "\(error)")
        }
        guard document.root.kind == .object else { throw context.error(.unreadable, "the answer is no object") }
        do throws(WireFault) {
            return context.completion(try wireFormat.format.checkedRead(document.root, for: self))
        } catch {
            throw context.error(error)
        }
    }

    /// Begins to read an answer that comes in pieces.
    ///
    /// - Parameters:
    ///   - status: The answer's status, of the kind that means success.
    ///   - headers: Its header, names in lower case.
    ///   - time: When it came, which the provider's limits count from.
    /// - Returns: What takes the answer's events.
    public func makeStream(
        status: Int = 200,
        headers: [(name: String, value: String)] = [],
        at time: Timestamp = .now()
    ) -> CompletionStream {
        CompletionStream(ResponseContext(self, status: status, headers: headers, at: time))
    }

    /// Says what it means that a request has no answer.
    public func error(_ error: HTTPError, hasPartialOutput: Bool = false) -> AIError {
        AIError(
            AIFailure(error),
            provider: name,
            hasPartialOutput: hasPartialOutput,
            message: redacted(error.debugDescription)
        )
    }

    /// Takes an answer only if it answers.
    ///
    /// - Returns: The answer, which may have been cut off at its limit.
    /// - Throws: ``AIError`` for a refusal, for no text at all, and where the model waits for something.
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
    /// Reads an answer that may be an error; what was counted all the same goes with it.
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
    /// What is wrong with it as an answer; nil if nothing is.
    fileprivate var objection: AIFailure? {
        switch stopReason.kind {
        case .refusal: .refused
        case .toolUse, .pause: .unexpectedStop
        case .finished, .stopSequence: text.isEmpty ? .empty : nil
        case .maxTokens, .contextWindow, .other: nil
        }
    }
}
