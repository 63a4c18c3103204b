/// The form of errors that clients of OpenAI's API read.
extension Problem {
    /// The status in this form: OpenAI has none for inputs that violate a rule.
    public var openAIStatus: Int { status == 422 || status == 499 ? 400 : status }

    /// Writes the problem as OpenAI writes an error: `{"error":{"message","type","param","code"}}`.
    public func encodeForOpenAI(to json: inout JSONWriter) {
        json.object { json in
            json.member("error") { json in
                json.object { json in
                    json.member("message", openAIMessage)
                    json.member("type", openAIType)
                    json.member("param", violations.first.flatMap { $0.field.isEmpty ? nil : $0.field })
                    json.member("code", openAICode)
                }
            }
        }
    }

    private var openAIMessage: String {
        let rules = violations.map { $0.field.isEmpty ? $0.detail : "\($0.field) \($0.detail)" }
        return rules.isEmpty ? detail : "\(rules.joined(separator: "; "))."
    }

    private var openAIType: String {
        switch status {
        case 401: "authentication_error"
        case 402: "insufficient_quota"
        case 403: "permission_error"
        case 429: "rate_limit_error"
        case 500...599: "server_error"
        default: "invalid_request_error"
        }
    }

    /// OpenAI's code where clients know one; otherwise ours.
    private var openAICode: String {
        switch code {
        case "ai_context_too_long": "context_length_exceeded"
        case "ai_model_not_found": "model_not_found"
        case "ai_limit_reached", "ai_rate_limited", "rate_limited": "rate_limit_exceeded"
        case "ai_budget_exceeded", "ai_quota_exhausted": "insufficient_quota"
        case "ai_refused": "content_policy_violation"
        default: code
        }
    }
}
