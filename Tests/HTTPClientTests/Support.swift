import HTTPClient
import TestSupport
import Testing

extension PythonServer {
    /// A URL on this server, with its IP address.
    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }
}

extension HTTPResponse {
    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// The kind of the error that a body throws; nil if it throws none.
func failure(of work: () throws -> Void) throws -> HTTPError.Kind? {
    do {
        try work()
        return nil
    } catch let error as HTTPError {
        return error.kind
    }
}
