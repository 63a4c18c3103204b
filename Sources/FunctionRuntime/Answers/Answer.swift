import Base
import Core

/// What a call is answered with, before a platform's form is put around it.
struct Answer: Sendable {
    /// The HTTP status.
    let status: Int

    /// One JSON value, or a text.
    let body: [UInt8]

    /// What went wrong; nil for success.
    let problem: Problem?

    private let contentType: String
    private let requestID: String
    private let isRepeated: Bool
    private let rateLimitStatus: RateLimitStatus?

    /// The methods that the endpoint has, as `Allow` names them.
    private let methods: String

    /// A success.
    init(_ reply: Reply, status: Int, requestID: String, rateLimitStatus: RateLimitStatus?) {
        self.status = status
        body = reply.body
        contentType = reply.contentType
        problem = nil
        self.requestID = requestID
        isRepeated = reply.isRepeated
        self.rateLimitStatus = rateLimitStatus
        methods = ""
    }

    /// A failure.
    init(_ problem: Problem, requestID: String, rateLimitStatus: RateLimitStatus? = nil, methods: String = "POST") {
        status = problem.status
        var json = JSONWriter()
        problem.encode(to: &json, requestID: requestID)
        body = json.bytes
        contentType = "application/problem+json"
        self.problem = problem
        self.requestID = requestID
        isRepeated = false
        self.rateLimitStatus = rateLimitStatus
        self.methods = methods
    }

    /// The problem in the form that Lambda wants errors of functions in; empty for a success.
    func failure(_ type: String) -> [UInt8] {
        var json = JSONWriter()
        problem?.encode(
            to: &json,
            requestID: requestID,
            extra: [("errorType", type), ("errorMessage", "\(problem?.code ?? ""): \(problem?.detail ?? "")")]
        )
        return json.bytes
    }

    /// The header fields that belong to the answer, names in lower case.
    var headers: [(name: String, value: String)] {
        var headers = [
            (name: "content-type", value: contentType),
            (name: "cache-control", value: "no-store"),
            (name: "x-request-id", value: requestID),
        ]
        if isRepeated { headers.append(("idempotency-replayed", "true")) }
        if let rateLimitStatus {
            headers.append(("ratelimit-limit", "\(rateLimitStatus.limit)"))
            headers.append(("ratelimit-remaining", "\(rateLimitStatus.remaining)"))
            headers.append(("ratelimit-reset", "\(rateLimitStatus.reset)"))
        }
        if let problem {
            if problem.status == 401 {
                let error = problem.code == "unauthenticated" ? "" : #" error="invalid_token""#
                headers.append(("www-authenticate", "Bearer" + error))
            }
            if problem.status == 405 { headers.append(("allow", methods)) }
            if let seconds = problem.retryAfter { headers.append(("retry-after", "\(seconds)")) }
        }
        return headers
    }
}
