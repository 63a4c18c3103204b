import Base

extension LLMock {
    /// llmock's verdict on a client's behavior.
    public struct Verdict: Sendable {
        /// The number of calls, and of the requests that they took.
        public let calls: Int
        public let attempts: Int

        /// The client's errors, each with the request: `retry_after_ignored POST /v1/responses`.
        public let errors: [String]

        /// Possible improvements, in the same form.
        public let warnings: [String]

        /// Whether there are neither errors nor warnings.
        public var isClean: Bool { errors.isEmpty && warnings.isEmpty }

        init(_ json: JSONValue) {
            calls = json["calls"]?.integer ?? 0
            attempts = json["attempts"]?.integer ?? 0
            let findings = json["findings"].map { Array($0.elements) } ?? []
            func texts(_ severity: String) -> [String] {
                findings.filter { $0["severity"]?.string == severity }
                    .map { "\($0["code"]?.string ?? "") \($0["path"]?.string ?? "")" }
            }
            errors = texts("error")
            warnings = texts("warning")
        }
    }
}
