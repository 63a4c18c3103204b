public import Base
public import Core

/// One time that a provider was asked, or would have been.
public struct CallAttempt: Sendable, Hashable {
    /// The provider's name.
    public let provider: String

    /// The model that was asked for.
    public let model: String

    /// Why there was no answer; nil for the attempt that has one.
    public let code: AIError.Code?

    /// The HTTP status; nil where no answer came.
    public let status: Int?

    /// The provider's name of the request, which its support asks for.
    public let requestID: String?

    /// What was counted; nil where the provider told nothing.
    public let tokens: TokenUsage?

    /// What it cost; nil where nothing came that could be priced.
    public let cost: USDollars?

    /// How long it took.
    public let duration: Duration
}

extension CallAttempt: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("provider", provider)
            json.member("model", model)
            json.member("code", code?.rawValue)
            json.member("status", status)
            json.member("requestId", requestID)
            json.member("costUsd", cost)
            json.member("milliseconds", duration.wholeMilliseconds)
        }
    }
}
