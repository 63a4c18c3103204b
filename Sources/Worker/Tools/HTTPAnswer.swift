import Base
import HTTPClient

/// A server's answer as the outputs of a step.
struct HTTPAnswer {
    private let response: HTTPResponse

    init(_ response: HTTPResponse) {
        self.response = response
    }

    /// Its status, its headers by their names in lower case, and its body: as the JSON that it is, as a string, or else
    /// in base64.
    var outputs: JSONText {
        var json = JSONWriter(reserving: response.body.count + 512)
        json.object { json in
            json.member("status", response.status)
            json.member("headers") { writeHeaders(to: &$0) }
            if let value = parsedBody {
                json.member("body", value)
            } else if let text = String(validating: response.body, as: UTF8.self), !response.body.contains(0) {
                json.member("body", text)
            } else {
                json.member("bodyBase64", Base64.encode(response.body))
            }
        }
        return JSONText(trusted: json.bytes)
    }

    /// The headers that later steps may want.
    ///
    /// What is not listed may be a credential, such as a cookie.
    private static var shown: Set<String> {
        [
            "accept-ranges", "age", "allow", "cache-control", "content-disposition", "content-encoding",
            "content-language", "content-length", "content-location", "content-range", "content-type", "date", "etag",
            "expires", "last-modified", "link", "location", "ratelimit", "ratelimit-limit", "ratelimit-policy",
            "ratelimit-remaining", "ratelimit-reset", "request-id", "retry-after", "server", "vary",
            "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id", "x-total-count",
        ]
    }

    private func writeHeaders(to json: inout JSONWriter) {
        let shown = Self.shown
        var names: [String] = []
        for header in response.headers where shown.contains(header.name) && !names.contains(header.name) {
            names.append(header.name)
        }
        json.object { json in
            for name in names {
                // RFC 9110, section 5.3.
                json.member(name, response.headers.filter { $0.name == name }.map(\.value).joined(separator: ", "))
            }
        }
    }

    /// The body if it says that it is JSON, and is some that can be kept.
    private var parsedBody: JSONText? {
        let type = (response.header("content-type") ?? "").lowercasedASCII.prefix { $0 != ";" && $0 != " " }
        guard type == "application/json" || type.hasSuffix("+json"),
            let root = try? JSONDocument(parsing: response.body).root, root.hasOnlyStorableNumbers
        else { return nil }
        return root.text
    }
}
