import Base
import Core
import HTTPClient
import Reliability

/// The status and headers of a response, known before its body is decoded.
struct ResponseContext: Sendable {
    let provider: Provider
    let status: Int
    let retryAdvice: RetryAdvice
    let rateLimits: RateLimits?
    private let headerRequestID: String?

    /// LiteLLM's cost of the answer; zero stands for a model whose price it does not know.
    private let headerCost: USDollars?

    /// Whether the response comes from Anthropic's own servers, which set a request ID, but has no rate-limit
    /// headers.
    let isAnthropicWithoutLimits: Bool

    init(_ provider: Provider, status: Int, headers: [(name: String, value: String)], at time: Timestamp) {
        self.provider = provider
        self.status = status
        retryAdvice = RetryAdvice(received: time) { name in headers.first { $0.name == name }?.value }
        rateLimits = RateLimits(headers, at: time)
        let names = headers.map(\.name)
        isAnthropicWithoutLimits =
            provider.wireFormat == .anthropicMessages && rateLimits == nil && names.contains("request-id")
            && !names.contains("retry-after") && !names.contains("retry-after-ms")
        headerCost = headers.first { $0.name == "x-litellm-response-cost" }
            .flatMap { USDollars(number: Double($0.value)) }.flatMap { $0 > .zero ? $0 : nil }
        headerRequestID = ["request-id", "x-request-id", "x-litellm-call-id"].lazy
            .compactMap { name in headers.first { $0.name == name }?.value }
            .first { !$0.isEmpty }
            .map(provider.redacted)
    }

    /// Adds the headers' fields to a decoded answer.
    func completion(_ answer: WireAnswer) -> Completion {
        Completion(
            text: answer.text,
            reasoning: answer.reasoning.text.isEmpty ? nil : answer.reasoning.text,
            embeddings: answer.embeddings,
            stopReason: answer.stop,
            stopSequence: answer.stopSequence,
            refusalCategory: answer.refusalCategory.flatMap { $0.isCategory ? $0 : nil },
            usage: answer.usage,
            providerCost: answer.cost ?? headerCost,
            model: provider.redacted(answer.model ?? ""),
            id: answer.id,
            requestID: headerRequestID,
            rateLimits: rateLimits
        )
    }

    /// Makes an error with the fields of the response.
    func error(
        _ cause: AIFailure,
        _ message: String = "",
        requestID: String? = nil,
        answer: WireAnswer? = nil,
        hasPartialOutput: Bool = false
    ) -> AIError {
        AIError(
            cause,
            provider: provider.name,
            status: status,
            requestID: headerRequestID ?? requestID.map(provider.redacted),
            retryAdvice: retryAdvice,
            rateLimits: rateLimits,
            completion: answer.map(completion),
            hasPartialOutput: hasPartialOutput,
            message: provider.redacted(message)
        )
    }

    /// Makes an error from the provider's error body.
    func error(_ body: ErrorBody, answer: WireAnswer? = nil, hasPartialOutput: Bool = false) -> AIError {
        let kinds = [body.type, body.code].compactMap(\.self).joined(separator: " ")
        return error(
            AIFailure(body, in: self),
            [kinds, body.message].filter { !$0.isEmpty }.joined(separator: ": "),
            requestID: body.requestID,
            answer: answer,
            hasPartialOutput: hasPartialOutput
        )
    }

    /// Makes an error from a decoding failure.
    func error(_ fault: WireFault, hasPartialOutput: Bool = false) -> AIError {
        switch fault {
        case .unsupported(let what): error(.unsupported, what, hasPartialOutput: hasPartialOutput)
        case .malformed(let what): error(.unreadable, what, hasPartialOutput: hasPartialOutput)
        case .cut: error(.cut, "the stream ended before the answer did", hasPartialOutput: hasPartialOutput)
        case .reported(let body, let answer): error(body, answer: answer, hasPartialOutput: hasPartialOutput)
        }
    }
}

extension String {
    /// Whether the text is a single word, as categories are, and not free text of the provider.
    fileprivate var isCategory: Bool {
        (1...40).contains(utf8.count)
            && utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_") }
    }
}
