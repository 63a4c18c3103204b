import Base
import Compression
import Core
import HTTPClient
import Reliability
import Runs

/// `http:request`: sends a request and returns the response.
///
/// The request carries the step's idempotency key, so that the server can recognise a repeated attempt. Redirects are
/// not followed.
struct HTTPRequestTool: ~Copyable, Tool {
    /// How much of an unexpected answer a failure keeps, in bytes.
    private static let excerptLimit = 2 << 10

    /// The maximum `Retry-After` that is honoured.
    private static let longestWait = Duration.seconds(86_400)

    private var client: HTTPClient
    private let log: Log

    /// Makes the tool with a client that refuses internal addresses.
    init(_ client: consuming HTTPClient, log: Log) {
        self.client = client
        self.log = log
    }

    mutating func run(_ inputs: HTTPRequestInputs, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome {
        let response: HTTPResponse
        let span = attempt.trace.begin("http request", .client)
        let method = Span.Value.text(inputs.method.rawValue)
        do throws(HTTPError) {
            var request = HTTPRequest(inputs, idempotencyKey: attempt.step.idempotencyKey)
            request.headers += span.trace.context?.headers ?? []
            response = try client.send(request, deadline: attempt.deadline, cancellation: attempt.cancellation)
            span.end(["http.request.method": method, "http.response.status_code": .number(response.status)])
        } catch {
            span.end(["http.request.method": method], error: error.kind.rawValue)
            if error.isUnreachable { logUnreachable(error, attempt) }
            if error.kind == .tooLarge, let status = error.phase.status, !inputs.expects(status) {
                throw Self.failure(status, "", { _ in nil })
            }
            return try Self.outcome(of: error)
        }
        guard inputs.expects(response.status) else {
            let body = attempt.redaction.bytes(response.body).beginning(Self.excerptLimit)
            throw Self.failure(response.status, body, response.header)
        }
        let answer = HTTPAnswer(response)
        let outputs = answer.outputs(artifact: nil)
        if attempt.canStore(outputs) { return .succeeded(outputs: outputs) }
        let artifact = try attempt.artifact(.httpBody, answer.contentType, response.body)
        return .succeeded(outputs: answer.outputs(artifact: artifact), artifacts: [artifact])
    }

    /// The outcome of an attempt without a response.
    private static func outcome(of error: HTTPError) throws(StepFailure) -> StepOutcome {
        switch error.kind {
        case .timeout: return .timedOut
        case .cancelled: return .cancelled
        case .tooLarge: throw StepFailure("response_too_large", "The response is larger than maxBytes.")
        case .invalidRequest: throw StepFailure("invalid_inputs", "The request is invalid.")
        case .couldNotResolve, .couldNotConnect, .forbiddenAddress:
            // One answer for all, and as many attempts: a team must not learn which internal names there are.
            throw StepFailure("http_unreachable", "The server cannot be reached.", retry: .later)
        case .tls, .untrusted:
            throw StepFailure("http_unreachable", "The server cannot be reached: \(error).", retry: .later)
        case .connectionLost, .invalidResponse, .failed:
            throw StepFailure("http_failed", "The response cannot be read: \(error).", retry: .later)
        }
    }

    /// Logs for the operator why there was no connection, which the step does not say.
    private func logUnreachable(_ error: HTTPError, _ attempt: StepAttempt) {
        log.warning(
            "step.unreachable",
            [
                "teamId": attempt.step.team, "runId": attempt.step.run, "step": attempt.step.name,
                "reason": error.kind.rawValue, "error": attempt.redaction.text(error.debugDescription),
            ]
        )
    }

    /// The failure for a response with an unexpected status.
    private static func failure(
        _ status: Int,
        _ body: String,
        _ header: (String) -> String?
    ) -> StepFailure {
        let message = "The server answered with status \(status)."
        let answer = StepFailure.Answer(status: status, body: body)
        guard [408, 425, 429].contains(status) || status >= 500 else {
            return StepFailure("http_status", message, answer: answer)
        }
        let wait = RetryAfter(header: header).map { min($0.delay, longestWait) }
        return StepFailure("http_status", message, retry: wait.map { .notBefore($0) } ?? .later, answer: answer)
    }
}

extension HTTPRequest {
    /// The HTTP request of a step.
    fileprivate init(_ inputs: HTTPRequestInputs, idempotencyKey: String) {
        var headers = inputs.headers.map { (name: $0.name, value: $0.value) }
        headers.append(("Idempotency-Key", idempotencyKey))
        if let body = inputs.body, !headers.contains(where: { $0.name.lowercasedASCII == "content-type" }) {
            headers.append(("Content-Type", body.contentType))
        }
        self.init(
            Method(inputs.method),
            inputs.url.description,
            headers: headers,
            body: inputs.body?.bytes,
            maximumResponseBytes: inputs.maxBytes,
            decoding: .gzipAndDeflate
        )
    }
}

extension HTTPRequest.Method {
    fileprivate init(_ method: HTTPRequestInputs.Method) {
        self =
            switch method {
            case .get: .get
            case .head: .head
            case .post: .post
            case .put: .put
            case .patch: .patch
            case .delete: .delete
            }
    }
}

extension HTTPRequestInputs.Body {
    fileprivate var bytes: [UInt8] {
        switch self {
        case .text(let text): Array(text.utf8)
        case .json(let json): json.bytes
        }
    }

    fileprivate var contentType: String {
        switch self {
        case .text: "text/plain; charset=utf-8"
        case .json: "application/json"
        }
    }
}

extension [UInt8] {
    /// The beginning of the bytes as text, without U+0000, which JSON in the database cannot have.
    fileprivate func beginning(_ limit: Int) -> String {
        let bytes = prefix(limit)
        // Do not cut a character in two: it has at most four bytes.
        let whole = (0..<(count > limit ? 4 : 1)).lazy.compactMap {
            String(validating: bytes.dropLast($0), as: UTF8.self)
        }.first
        let text = whole ?? String(decoding: bytes, as: UTF8.self)
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }))
    }
}

/// A response as the outputs of a step.
struct HTTPAnswer {
    private let response: HTTPResponse

    init(_ response: HTTPResponse) {
        self.response = response
    }

    /// The content type of the body.
    var contentType: ContentType { response.header("content-type").flatMap { ContentType($0) } ?? .bytes }

    /// The status, the headers by lower-case name, and the body: parsed JSON, a string, or else base64.
    ///
    /// - Parameter artifact: The artifact that has the body, which is null in the outputs then.
    /// - Returns: The outputs.
    func outputs(artifact: NewArtifact?) -> JSONText {
        var json = JSONWriter(reserving: response.body.count + 512)
        json.object { json in
            json.member("status", response.status)
            json.member("headers") { writeHeaders(to: &$0) }
            writeBody(to: &json, isNull: artifact != nil)
            if let artifact { json.member("artifact") { artifact.describe(in: &$0) } }
        }
        return JSONText(trusted: json.bytes)
    }

    /// The response headers that are stored.
    ///
    /// Other headers may be credentials, such as cookies.
    private static var shown: Set<String> {
        [
            "accept-ranges", "age", "allow", "cache-control", "content-disposition", "content-encoding",
            "content-language", "content-length", "content-location", "content-range", "content-type", "date", "etag",
            "expires", "last-modified", "link", "location", "ratelimit", "ratelimit-limit", "ratelimit-policy",
            "ratelimit-remaining", "ratelimit-reset", "request-id", "retry-after", "server", "vary",
            "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id", "x-total-count",
        ]
    }

    private func writeBody(to json: inout JSONWriter, isNull: Bool) {
        if let value = parsedBody {
            json.member("body", isNull ? nil : value)
        } else if let text = String(validating: response.body, as: UTF8.self), !response.body.contains(0) {
            json.member("body", isNull ? nil : text)
        } else {
            json.member("bodyBase64", isNull ? nil : Base64.encode(response.body))
        }
    }

    private func writeHeaders(to json: inout JSONWriter) {
        let shown = Self.shown
        var names: [String] = []
        for header in response.headers where shown.contains(header.name) && !names.contains(header.name) {
            names.append(header.name)
        }
        json.object { json in
            for name in names {
                // RFC 9110, section 5.3.
                json.member(name, response.headers.filter { $0.name == name }.map(\.value).joined(separator: ", "))
            }
        }
    }

    /// The parsed body, if its content type is JSON and its numbers can be stored.
    private var parsedBody: JSONText? {
        let type = (response.header("content-type") ?? "").lowercasedASCII.prefix { $0 != ";" && $0 != " " }
        guard type == "application/json" || type.hasSuffix("+json"),
            let root = try? JSONDocument(parsing: response.body).root, root.hasOnlyStorableNumbers
        else { return nil }
        return root.text
    }
}
