import Base
import System

/// The variables by which a web server or a watchdog describes a request.
///
/// The caller chooses the names and values of those that hold header fields. `REMOTE_USER` and the like are not read: an
/// identity comes from a verified credential only.
struct MetaVariables {
    private let entries: [(name: String, value: String)]
    private let convention: Convention

    init(_ entries: [(name: String, value: String)], _ convention: Convention = .cgi) {
        self.entries = entries
        self.convention = convention
    }

    /// The value of a variable; nil if it is not set or empty.
    subscript(_ name: String) -> String? {
        entries.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    /// The method of the request; nil if the server does not tell it.
    var method: String? { self[convention.method] }

    /// The length of the body; nil if the server does not know it.
    ///
    /// - Throws: 400 `malformed_request` for a value that is no number.
    func contentLength() throws(Problem) -> Int? {
        guard let text = entries.first(where: { $0.name == convention.length })?.value, !text.isEmpty,
            text != convention.unknownLength
        else { return nil }
        guard text.utf8.allSatisfy(\.isDigit), let length = Int(text) else {
            throw .malformedRequest("Content-Length must be a whole number.")
        }
        return length
    }

    /// The request without its body.
    ///
    /// - Parameter body: The body.
    /// - Returns: The request, in the form of a web server's.
    /// - Throws: 400 `malformed_request` for a header field whose name came in two spellings, as `X-User` and `X_User`:
    ///   servers give both the same name, and which value counts would be a matter of luck. The same for a field that
    ///   has the name of a variable of the server's own.
    func request(body: Request.Body) throws(Problem) -> Request {
        var request = Request(form: .web, body: body)
        request.method = method ?? ""
        request.path = convention.paths.lazy.compactMap { self[$0] }.first
        request.sourceIP = convention.address.flatMap { self[$0] }
        var names: Set<String> = []
        for (name, value) in entries {
            let field = convention.field(of: name)
            guard let known = field ?? (convention.isOwn(name) ? name : nil), !value.isEmpty else { continue }
            guard names.insert(known).inserted else {
                throw .malformedRequest("The header field \(known) must be there once, in one spelling.")
            }
            if let field { request.headers.add(field, value) }
        }
        return request
    }
}

extension MetaVariables {
    /// How a platform names the variables.
    enum Convention {
        /// CGI/1.1 (RFC 3875, section 4.1) and FastCGI.
        case cgi
        /// OpenFaaS: the classic watchdog, and of-watchdog in the modes `streaming` and `serializing`.
        case openFaaS

        /// The convention of the platform that started the process for one request; nil if none did.
        init?(_ environment: Environment) {
            if environment["GATEWAY_INTERFACE"]?.utf8.starts(with: "CGI/".utf8) == true {
                self = .cgi
            } else if environment["Http_Method"]?.utf8.allSatisfy(\.isCapital) == true {
                self = .openFaaS
            } else {
                return nil
            }
        }

        var method: String { self == .cgi ? "REQUEST_METHOD" : "Http_Method" }
        var paths: [String] { self == .cgi ? ["PATH_INFO", "SCRIPT_NAME"] : ["Http_Path"] }
        var length: String { self == .cgi ? "CONTENT_LENGTH" : "Http_Content_Length" }

        /// What stands for the length of a chunked body.
        var unknownLength: String? { self == .cgi ? nil : "-1" }

        /// The variable with the address of the peer.
        ///
        /// A watchdog's peer is the gateway, so that it has none.
        var address: String? { self == .cgi ? "REMOTE_ADDR" : nil }

        /// The variables that the platform sets beside those of the header fields, and that are read here.
        fileprivate func isOwn(_ name: String) -> Bool {
            name == method || name == length || paths.contains(name) || name == address
        }

        /// The name of the header field that a variable holds, in lower case; nil for other variables.
        fileprivate func field(of name: String) -> String? {
            let prefix = self == .cgi ? "HTTP_" : "Http_"
            if self == .cgi, name == "CONTENT_TYPE" { return "content-type" }
            guard name.utf8.starts(with: prefix.utf8), name.utf8.count > prefix.utf8.count, !isOwn(name),
                !Self.noFields.contains(name)
            else { return nil }
            let field = name.utf8.dropFirst(prefix.utf8.count)
            return String(
                decoding: field.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 },
                as: UTF8.self
            ).lowercasedASCII
        }

        /// Variables that look like header fields and are none, or of which another variable has the value.
        ///
        /// `Proxy: …` would become the variable by which programs find their proxy (CVE-2016-5385). nginx sends the
        /// fields about the body under both kinds of names.
        private static let noFields = [
            "HTTP_PROXY", "HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "Http_Proxy", "Http_Query", "Http_ContentLength",
            "Http_Transfer_Encoding",
        ]
    }
}

extension UInt8 {
    /// Whether the byte is a capital letter, of which the methods of HTTP consist.
    fileprivate var isCapital: Bool { (0x41...0x5A).contains(self) }
}

extension Problem {
    static func malformedRequest(_ detail: String) -> Problem {
        Problem(status: 400, code: "malformed_request", detail: detail)
    }
}

extension Answer {
    /// The answer as CGI and FastCGI programs give it (RFC 3875, section 6).
    var document: [UInt8] {
        var text = "Status: \(status) \(Self.reason(status))\r\n"
        for (name, value) in headers {
            // A value comes from this program, but a line break in it would be a field of its own.
            text += "\(name): \(value.filter { !$0.isNewline })\r\n"
        }
        return Array("\(text)\r\n".utf8) + body
    }
}
