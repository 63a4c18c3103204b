import Base
import Core

/// The response to a call, before it is wrapped in a platform's format.
struct Answer: Sendable {
    /// The HTTP status.
    private(set) var status: Int

    /// One JSON value, or a text; empty for an event that was taken.
    private(set) var body: [UInt8]

    /// The error; nil for a success.
    let problem: Problem?

    /// Whether the head and the body were sent in pieces, so that only their end is left to send.
    private(set) var wasStreamed = false

    private let contentType: String

    /// Names the call in the answer and in the log.
    let requestID: String

    private let isRepeated: Bool

    /// Whether the header fields describe a body, although there may be none.
    private var describesBody = true

    /// The attributes of the event that the answer is, if it is one.
    private var eventAttributes: [(name: String, value: String)] = []
    private let rateLimitStatus: RateLimitStatus?

    /// The methods that the endpoint supports, in the format of the `Allow` header.
    private let methods: String

    /// Creates the response for a success.
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

    /// Creates the response for an error.
    init(
        _ problem: Problem,
        requestID: String,
        rateLimitStatus: RateLimitStatus? = nil,
        methods: String = "POST",
        form: AnswerForm = .problem
    ) {
        var json = JSONWriter()
        switch form {
        case .problem:
            status = problem.status
            contentType = "application/problem+json"
            problem.encode(to: &json, requestID: requestID)
        case .openAI:
            status = problem.openAIStatus
            contentType = "application/json"
            problem.encodeForOpenAI(to: &json)
        }
        body = json.bytes
        self.problem = problem
        self.requestID = requestID
        isRepeated = false
        self.rateLimitStatus = rateLimitStatus
        self.methods = methods
    }

    /// The answer of an endpoint to the sender of a CloudEvent: nothing, or an event in binary mode if the sender takes
    /// one.
    ///
    /// A success without an event is unchanged.
    func to(_ event: CloudEvent?, from endpoint: String) -> Answer {
        guard let event else { return self }
        var answer = self
        if event.wantsReply {
            answer.eventAttributes = [
                ("ce-specversion", "1.0"), ("ce-id", requestID), ("ce-source", "/\(endpoint)"),
                ("ce-type", "nofx.\(endpoint).answered"),
            ]
        } else {
            (answer.status, answer.body, answer.describesBody) = (202, [], false)
        }
        return answer
    }

    /// The head of an answer whose body follows in pieces.
    static func head(contentType: String, requestID: String) -> Answer {
        let reply = Reply(body: [], contentType: contentType, isRepeated: false)
        return Answer(reply, status: 200, requestID: requestID, rateLimitStatus: nil)
    }

    /// The answer after its head and body were sent in pieces.
    var streamed: Answer {
        var answer = self
        answer.wasStreamed = true
        return answer
    }

    /// The answer to a HEAD request (RFC 9110, section 9.3.2).
    var withoutBody: Answer {
        var answer = self
        answer.body = []
        return answer
    }

    /// The problem in Lambda's format for function errors; empty for a success.
    func failure(_ type: String) -> [UInt8] {
        var json = JSONWriter()
        problem?.encode(
            to: &json,
            requestID: requestID,
            extra: [("errorType", type), ("errorMessage", "\(problem?.code ?? ""): \(problem?.detail ?? "")")]
        )
        return json.bytes
    }

    /// The header fields of the response, with names in lower case.
    var headers: [(name: String, value: String)] {
        var headers = describesBody ? [(name: "content-type", value: contentType)] : []
        headers += [(name: "cache-control", value: "no-store"), (name: "x-request-id", value: requestID)]
        headers += eventAttributes
        // nginx would keep the pieces back.
        if contentType == "text/event-stream" { headers.append(("x-accel-buffering", "no")) }
        if let problem, contentType == "application/json" { headers.append(("x-error-code", problem.code)) }
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

extension Answer {
    /// The response in the format of the request: the body itself, or a platform's HTTP response.
    func rendered(for form: Request.Form) -> [UInt8] {
        switch form {
        case .direct, .envelope, .web:
            body
        case .apiGatewayV2, .apiGatewayV1:
            // API Gateway responds with 502 if a REST API's response has any other member.
            response { json in json.member("headers", singleValues) }
        case .messages(let batch):
            batch.answer(hasFailed: problem != nil)
        case .loadBalancer(let multiValue):
            response { json in
                json.member("statusDescription", "\(status) \(Self.reason(status))")
                if multiValue {
                    json.member("multiValueHeaders", multiValues)
                } else {
                    json.member("headers", singleValues)
                }
            }
        }
    }

    private func response(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(reserving: body.count * 2 + 512)
        json.object { json in
            json.member("statusCode", status)
            members(&json)
            json.member("body", String(decoding: body, as: UTF8.self))
            json.member("isBase64Encoded", false)
        }
        return json.bytes
    }

    private func singleValues(_ json: inout JSONWriter) {
        json.object { json in
            for (name, value) in headers { json.member(name, value) }
        }
    }

    private func multiValues(_ json: inout JSONWriter) {
        json.object { json in
            for (name, value) in headers { json.member(name, [value]) }
        }
    }

    static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 503: "Service Unavailable"
        default: "Internal Server Error"
        }
    }
}

/// The exit status of a process that was started for one call (the codes of `sysexits.h`).
enum ExitStatus {
    static let success: Int32 = 0
    static let usage: Int32 = 64
    static let inputOutput: Int32 = 74

    /// The exit status for a problem, from which a script can decide how to continue.
    static func of(_ problem: Problem) -> Int32 {
        switch (problem.code, problem.status) {
        case ("misconfigured", _), ("database_encoding", _): 78
        case ("database_not_migrated", _), ("database_incompatible", _): 78
        // A retry could apply the change twice.
        case ("outcome_unknown", _): 70
        case (_, 401), (_, 402), (_, 403): 77
        case (_, 404): 66
        case (_, 409): 73
        case (_, 429), (_, 503): 75
        case (_, 400..<500): 65
        default: 70
        }
    }
}
