/// An error as the caller sees it (RFC 9457).
///
/// Programs can rely on `code`. `detail` is for people and may change. A problem contains no internal details of the
/// product.
public struct Problem: Error, Sendable {
    /// The HTTP status.
    public let status: Int

    /// The stable name of the error, such as `team_not_found`.
    public let code: String

    /// One sentence about the error.
    public let detail: String

    /// The rules that the input violates.
    public let violations: [Violation]

    /// Additional members of this kind of problem.
    public let members: [String: String]

    /// Additional members of this kind of problem that are lists.
    public let lists: [String: [String]]

    /// The number of seconds after which a retry is useful.
    public let retryAfter: Int?

    public init(
        status: Int,
        code: String,
        detail: String,
        violations: [Violation] = [],
        members: [String: String] = [:],
        lists: [String: [String]] = [:],
        retryAfter: Int? = nil
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.violations = violations
        self.members = members
        self.lists = lists
        self.retryAfter = retryAfter
    }

    /// The error for an input that violates rules.
    public static func validationFailed(_ violations: [Violation]) -> Problem {
        let fields = violations.count == 1 ? "1 field is invalid" : "\(violations.count) fields are invalid"
        return Problem(status: 422, code: "validation_failed", detail: "\(fields).", violations: violations)
    }

    /// The error for a failure that the caller did not cause.
    ///
    /// It contains no details.
    public static let `internal` = Problem(status: 500, code: "internal", detail: "An internal error occurred.")

    /// The error for an invalid configuration, which the operator must correct.
    public static let misconfigured = Problem(
        status: 503,
        code: "misconfigured",
        detail: "The function is not configured correctly."
    )

    /// The error for a call without a valid credential.
    public static let unauthenticated = Problem(
        status: 401,
        code: "unauthenticated",
        detail: "A credential is needed: Authorization: Bearer with a token, or X-API-Key with an API key."
    )

    /// Writes the problem as the JSON object of RFC 9457, section 3.
    ///
    /// - Parameters:
    ///   - json: The writer.
    ///   - requestID: The identifier by which the operator finds the call in the log.
    ///   - extra: Additional members that a platform's error format requires.
    public func encode(to json: inout JSONWriter, requestID: String, extra: [(String, String)] = []) {
        json.object { json in
            json.member("type", "urn:nofx:error:\(code)")
            json.member("title", title)
            json.member("status", status)
            json.member("code", code)
            json.member("detail", detail)
            json.member("requestId", requestID)
            if let retryAfter { json.member("retryAfter", retryAfter) }
            for (name, value) in members.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
            for (name, list) in lists.sorted(by: { $0.key < $1.key }) { json.member(name, list) }
            if !violations.isEmpty { json.member("errors", violations) }
            for (name, value) in extra { json.member(name, value) }
        }
    }

    private var title: String {
        switch status {
        case 400: "Malformed request"
        case 401: "Not authenticated"
        case 402: "Payment required"
        case 403: "Access denied"
        case 404: "Not found"
        case 405: "Method not allowed"
        case 409: "Conflict"
        case 413: "Content too large"
        case 422: "Validation failed"
        case 429: "Too many requests"
        case 499: "Cancelled"
        case 502: "Bad gateway"
        case 503: "Service unavailable"
        case 504: "Gateway timeout"
        default: "Internal error"
        }
    }
}

extension Violation: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("field", field)
            json.member("code", code.rawValue)
            json.member("detail", detail)
        }
    }
}
