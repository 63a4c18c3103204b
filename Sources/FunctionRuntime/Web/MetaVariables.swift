import Base

/// The variables by which a web server describes a request (RFC 3875, section 4.1), for CGI and FastCGI.
///
/// The caller chooses the names and values of `HTTP_*`. `REMOTE_USER` and the like are not read: an identity comes from
/// a verified credential only.
struct MetaVariables {
    private let entries: [(name: String, value: String)]

    init(_ entries: [(name: String, value: String)]) {
        self.entries = entries
    }

    /// The value of a variable; nil if it is not set or empty.
    subscript(_ name: String) -> String? {
        entries.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    /// The length of the body; nil if the server does not know it.
    ///
    /// - Throws: 400 `malformed_request` for a value that is no number.
    func contentLength() throws(Problem) -> Int? {
        guard let text = entries.first(where: { $0.name == "CONTENT_LENGTH" })?.value, !text.isEmpty else { return nil }
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
    ///   servers give both the same name, and which value counts would be a matter of luck.
    func request(body: Request.Body) throws(Problem) -> Request {
        var request = Request(form: .web, body: body)
        request.method = self["REQUEST_METHOD"] ?? ""
        request.path = self["PATH_INFO"] ?? self["SCRIPT_NAME"]
        request.sourceIP = self["REMOTE_ADDR"]
        var names: Set<String> = []
        for (name, value) in entries {
            guard let field = Self.field(of: name), !value.isEmpty else { continue }
            guard names.insert(field).inserted else {
                throw .malformedRequest("The header field \(field) must be there once, in one spelling.")
            }
            request.headers.add(field, value)
        }
        return request
    }

    /// The name of the header field that a variable holds; nil for other variables.
    private static func field(of name: String) -> String? {
        if name == "CONTENT_TYPE" { return "content-type" }
        // `Proxy: …` would become the variable by which programs find their proxy (CVE-2016-5385).
        guard name.utf8.starts(with: "HTTP_".utf8), name != "HTTP_PROXY", name.utf8.count > 5 else { return nil }
        return String(
            decoding: name.utf8.dropFirst(5).map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 },
            as: UTF8.self
        )
        .lowercasedASCII
    }
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
