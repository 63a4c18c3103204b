import Base

extension FaultServer {
    /// One request as it came.
    public struct Request: Sendable {
        /// What it got; empty for a good answer.
        public let fault: String

        /// When it had come, in seconds since some point in the past.
        public let time: Double

        public let method: String
        public let path: String

        /// Names in lower case, in the order they came.
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
        /// - Returns: The values, in the order they came.
        public func values(of name: String) -> [String] {
            headers.filter { $0.name == name }.map(\.value)
        }
    }
}
