import Base

extension FaultServer {
    /// A request that the server received.
    public struct Request: Sendable {
        /// The fault that the server answered with; empty for a good answer.
        public let fault: String

        /// The time of its arrival, in seconds since a fixed moment.
        public let time: Double

        public let method: String
        public let path: String

        /// The headers in order of arrival, names in lower case.
        public let headers: [(name: String, value: String)]

        public let body: String

        init(_ json: JSONValue) {
            fault = json["fault"]?.string ?? ""
            time = json["at"]?.double ?? 0
            method = json["method"]?.string ?? ""
            path = json["path"]?.string ?? ""
            body = json["body"]?.string ?? ""
            headers = (json["headers"].map { Array($0.elements) } ?? []).map { header in
                let words = header.elements.compactMap(\.string)
                return (words.first?.lowercased() ?? "", words.last ?? "")
            }
        }

        /// All values of a header.
        ///
        /// - Parameter name: The name in lower case.
        /// - Returns: The values, in order of arrival.
        public func values(of name: String) -> [String] {
            headers.filter { $0.name == name }.map(\.value)
        }
    }
}
