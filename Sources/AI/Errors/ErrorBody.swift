import Base

/// The fields of a provider's error, from any of the known formats.
struct ErrorBody: Sendable, Hashable {
    /// The error type, such as `rate_limit_error`.
    var type: String?

    /// The error code, which is more specific than the type, such as `insufficient_quota`.
    var code: String?

    /// The HTTP status in the body, if the code is a number.
    var status: Int?

    /// The human-readable message.
    var message = ""

    /// The provider's ID of the request.
    var requestID: String?
}

extension ErrorBody {
    /// Finds the error in an answer or an event; nil if it has none.
    ///
    /// The error is an object or a string named `error`, at the top level or in the first choice (OpenRouter); or the
    /// whole object is marked as an error (vLLM, and the `error` event of OpenAI Responses).
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

    /// Reads the body of a response with an error status.
    ///
    /// The body need not be JSON.
    init(of content: [UInt8]) {
        guard let document = try? JSONDocument(lenient: content, limits: .answer) else { return }
        // Gemini's compatible API puts the error into an array.
        let root = document.root.elements.first { _ in true } ?? document.root
        // With an error status, an object without `error` is the error itself.
        self = ErrorBody(in: root) ?? (root.kind == .object ? ErrorBody(root) : ErrorBody())
    }

    init(_ error: JSONValue) {
        if let text = error.string {
            message = text
            return
        }
        type = error["type"]?.string
        let text = error["message"]?.string ?? error["detail"]?.string
        // Mistral and FastAPI list what is wrong, as an object or an array.
        let list = [error["message"], error["detail"]].compactMap(\.self).first {
            $0.kind == .object || $0.kind == .array
        }
        message = text ?? list?.text.description ?? ""
        code = error["details"]?["error_code"]?.string
        guard let value = error["code"] else { return }
        // LiteLLM writes the status as a string.
        if let number = value.integer ?? value.string.flatMap({ Int($0) }) {
            status = (400...599).contains(number) ? number : nil
        } else {
            code = code ?? value.string
        }
    }
}

extension JSONValue {
    /// Whether the value can be an error: a non-empty string, or an object with such a member.
    ///
    /// Some servers send an error object without contents beside a good answer.
    fileprivate var saysSomething: Bool {
        switch kind {
        case .string: string?.isEmpty == false
        case .object: members.contains { $0.value.isMeaningful }
        default: false
        }
    }

    /// Whether the value is something else than null, false, zero and an empty string or container.
    private var isMeaningful: Bool {
        switch kind {
        case .null: false
        case .bool: bool == true
        case .number: double != 0
        case .string: string?.isEmpty == false
        case .array: elements.contains { $0.isMeaningful }
        case .object: members.contains { $0.value.isMeaningful }
        }
    }
}

extension JSONLimits {
    /// The limits for an answer or an event: 4 MiB, 64 levels of nesting.
    static let answer = JSONLimits(bytes: 4 << 20, depth: 64)
}
