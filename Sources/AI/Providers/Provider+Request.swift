import Base
public import HTTPClient

extension Provider {
    /// Encodes a request in the provider's wire format.
    ///
    /// - Parameters:
    ///   - request: The request to encode.
    ///   - key: The key to send; nil for none.
    ///   - isStreamed: Whether the provider should stream the answer.
    /// - Returns: The HTTP request, including the key.
    /// - Throws: ``AIError`` if the format cannot express the request; nothing was sent then.
    public func request(
        _ request: CompletionRequest,
        with key: ProviderKey?,
        isStreamed: Bool = false
    ) throws(AIError) -> HTTPRequest {
        if let fault = request.fault { throw unsupported(fault) }
        guard let model = request.model ?? defaultModel, !model.isEmpty else { throw unsupported("no model is named") }
        guard let format = wireFormat.format(of: request) else {
            throw unsupported("Anthropic Messages has no embeddings")
        }
        var json = JSONWriter(reserving: request.byteCount + 1_024)
        do throws(WireFault) {
            try format.encode(request, model: model, isStreamed: isStreamed, for: self, to: &json)
        } catch .unsupported(let what) {
            throw unsupported(what)
        } catch {
            throw unsupported("the request cannot be written")
        }
        var message = HTTPRequest(
            .post,
            baseURL.text + format.path,
            headers: headers(with: key),
            body: json.bytes,
            // A stream repeats the event envelope around each piece of text.
            maximumResponseBytes: isStreamed ? 16 * JSONLimits.answer.bytes : JSONLimits.answer.bytes
        )
        // Many numbers are much smaller compressed; a stream would wait for the compressor.
        if request.embedding != nil { message.headers.append(("Accept-Encoding", "gzip, deflate")) }
        return message
    }

    /// The headers are the same with and without streaming: Anthropic also streams if `Accept` is JSON.
    private func headers(with key: ProviderKey?) -> [(name: String, value: String)] {
        var headers = [(name: "Content-Type", value: "application/json"), (name: "Accept", value: "application/json")]
        if wireFormat == .anthropicMessages {
            headers.append((name: "anthropic-version", value: apiVersion))
        } else {
            if let organization { headers.append((name: "OpenAI-Organization", value: organization)) }
            if let project { headers.append((name: "OpenAI-Project", value: project)) }
        }
        guard let key = key?.secret else { return headers }
        switch authentication {
        case .bearer: headers.append((name: "Authorization", value: "Bearer \(key.text)"))
        case .apiKeyHeader: headers.append((name: "x-api-key", value: key.text))
        }
        return headers
    }

    private func unsupported(_ what: String) -> AIError {
        AIError(.unsupported, provider: name, message: what)
    }
}

extension CompletionRequest {
    /// Why no provider would accept the request; nil if it is valid.
    fileprivate var fault: String? {
        if let embedding { return embedding.inputs.isEmpty ? "the request has no texts" : nil }
        if let fault = messageFault { return fault }
        if maxTokens < 1 { return "an answer must be allowed at least one token" }
        if let temperature, !temperature.isFinite || temperature < 0 { return "the temperature is no such number" }
        return nil
    }

    /// The size of everything that the model reads, in bytes.
    var byteCount: Int {
        (embedding?.inputs.reduce(0) { $0 + $1.utf8.count } ?? 0) + messageBytes + (system?.utf8.count ?? 0)
            + (schema?.text.bytes.count ?? 0)
    }
}
