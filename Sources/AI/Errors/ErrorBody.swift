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

extension ErrorBody {
    /// Finds the error that an answer or an event consists of; nil if there is none.
    ///
    /// It is an object or a text named `error`, at the top or in the first choice (OpenRouter), or the whole object
    /// says that it is an error (vLLM, and the `error` event of OpenAI Responses).
    init?(in root: JSONValue) {
        guard root.kind == .object else { return nil }
        if let error = root["error"], error.saysSomething {
            self.init(error)
        } else if root["object"]?.string == "error" || root["type"]?.string == "error" {
            self.init(root)
        } else if let choice = root["choices"]?.elements.first(where: { _ in true }), let error = choice["error"],
            error.saysSomething
        {
            self.init(error)
        } else {
            return nil
        }
        requestID = root["request_id"]?.string
    }

    /// Reads the content of an answer with an error's status, which need not be JSON.
    init(of content: [UInt8]) {
        guard let document = try? JSONDocument(parsing: content, limits: .answer) else { return }
        let root = document.root
        // With such a status, an object that says neither is the error itself.
        self = ErrorBody(in: root) ?? (root.kind == .object ? ErrorBody(root) : ErrorBody())
    }

    /// Reads the error itself.
    init(_ error: JSONValue) {
        if let text = error.string {
            message = text
            return
        }
        type = error["type"]?.string
        message = error["message"]?.string ?? ""
        code = error["details"]?["error_code"]?.string
        guard let value = error["code"] else { return }
        // LiteLLM writes the status as a text.
        if let number = value.integer ?? value.string.flatMap({ Int($0) }) {
            status = (400...599).contains(number) ? number : nil
        } else {
            code = code ?? value.string
        }
    }
}

extension JSONValue {
    /// Whether it can be an error: an object, or a text that is not empty.
    fileprivate var saysSomething: Bool {
        kind == .object || string.map { !$0.isEmpty } ?? false
    }
}

extension JSONLimits {
    /// The limits of an answer or an event: 4 MiB, 64 levels.
    static let answer = JSONLimits(bytes: 4 << 20, depth: 64)
}
