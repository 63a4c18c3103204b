import Base

/// What a provider says about an error, whichever dialect it says it in.
struct ErrorBody: Sendable, Hashable {
    /// The kind, such as `rate_limit_error`.
    var type: String?

    /// The kind within the kind, such as `insufficient_quota`.
    var code: String?

    /// The HTTP status that the error is said to have, where the code is a number.
    var status: Int?

    /// What it says to people.
    var message = ""

    /// The provider's name of the request.
    var requestID: String?
}
