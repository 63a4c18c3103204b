extension HTTPError {
    /// How far a request had come when it failed.
    public enum Phase: Hashable, Sendable {
        /// There was no connection, or it was not secure yet: the server has nothing.
        case connecting

        /// The request was being sent or had been; no byte of an answer had come.
        case waiting

        /// An answer had begun, and none of its body had come; no status yet where not even its first line was
        /// that of a final answer.
        case head(status: Int?)

        /// Some of the body had come.
        case body(status: Int, bytes: Int)

        /// Whether any of an answer had come.
        public var hasAnswer: Bool {
            switch self {
            case .connecting, .waiting: false
            case .head, .body: true
            }
        }

        /// The status of the answer, if its first line had come.
        public var status: Int? {
            switch self {
            case .connecting, .waiting: nil
            case .head(let status): status
            case .body(let status, _): status
            }
        }
    }
}
