extension HTTPError {
    /// The progress of a request when it failed.
    public enum Phase: Hashable, Sendable {
        /// There was no connection, or TLS was not yet established. The server has received nothing.
        case connecting

        /// The client was sending the request or had sent it. No byte of a response had arrived.
        case waiting

        /// A response had begun, but no part of its body had arrived. The status is nil if the first line of a final
        /// response had not arrived.
        case head(status: Int?)

        /// A part of the body had arrived.
        case body(status: Int, bytes: Int)

        /// Whether any byte of a response had arrived.
        public var hasAnswer: Bool {
            switch self {
            case .connecting, .waiting: false
            case .head, .body: true
            }
        }

        /// The status of the response, if its first line had arrived.
        public var status: Int? {
            switch self {
            case .connecting, .waiting: nil
            case .head(let status): status
            case .body(let status, _): status
            }
        }
    }
}
