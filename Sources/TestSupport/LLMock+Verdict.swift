import Base

extension LLMock {
    /// How well a client coped.
    public struct Verdict: Sendable {
        /// How many calls it made, and in how many requests.
        public let calls: Int
        public let attempts: Int

        /// What it should not have done, each with what it concerns: `retry_after_ignored POST /v1/responses`.
        public let errors: [String]

        /// What it might have done better, in the same form.
        public let warnings: [String]

        /// Nothing to complain of, not even a little.
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
