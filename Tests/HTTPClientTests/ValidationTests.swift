import HTTPClient
import Testing

/// Requests that must not reach the network.
///
/// No server listens on port 1, so a request that was sent would have another error.
struct ValidationTests {
    private func send(_ request: HTTPRequest) throws {
        var client = HTTPClient(userAgent: "tests/1")
        _ = try client.send(request, deadline: nil)
    }

    @Test(arguments: [
        ("X-A", "b\r\nX-Evil: 1"), ("X-A", "b\nX-Evil: 1"), ("X-A", "b\r"), ("X-A", "b\0c"), ("X-A", "\u{7F}"),
        ("X-A\r\nX-Evil", "1"), ("X A", "1"), ("X-A:", "1"), ("", "1"), ("Ünicode", "1"), ("X-A\0", "1"),
        ("Content-Length", "0"), ("TRANSFER-ENCODING", "chunked"), ("Expect", "100-continue"),
    ])
    func `a header that could inject or replace another is rejected`(name: String, value: String) throws {
        let request = HTTPRequest(.get, "http://127.0.0.1:1/", headers: [(name, value)])

        #expect(try failure { try send(request) } == .invalidRequest)
    }

    @Test(arguments: [
        "", "http://", "127.0.0.1:1/", "ftp://127.0.0.1:1/", "file:///etc/passwd", "//127.0.0.1:1/",
        "http:/127.0.0.1:1/",
        "http://127.0.0.1:1/ HTTP/1.1\r\nX-Evil: 1", "http://127.0.0.1:1/a b", "http://127.0.0.1:1/\0",
        "http://127.0.0.1:1/ü", "http://127.0.0.1:99999/",
    ])
    func `a URL that is not plain http or https is rejected`(url: String) throws {
        #expect(try failure { try send(HTTPRequest(.get, url)) } == .invalidRequest)
    }

    @Test func `tabs, spaces and non-ASCII text are allowed in a header value`() throws {
        let request = HTTPRequest(.get, "http://127.0.0.1:1/", headers: [("X-A", "a\tb c ü")], usesProxy: false)

        #expect(try failure { try send(request) } == .couldNotConnect)
    }

    @Test(arguments: ["sk-1\n", "sk-1\r", "sk-1\r\nX-Evil: 1", "sk-\n1", "sk-1\0", "\n"])
    func `a key with a line break is rejected and not shown`(key: String) throws {
        for header in [("Authorization", "Bearer \(key)"), ("x-api-key", key)] {
            let request = HTTPRequest(.post, "http://127.0.0.1:1/", headers: [header], body: [], usesProxy: false)
            let error = #expect(throws: HTTPError.self) { try send(request) }

            #expect(error?.kind == .invalidRequest)
            #expect(error?.debugDescription.contains("sk-") == false)
        }
    }

    @Test func `a GET with a body and invalid limits are rejected`() throws {
        let silence = HTTPRequest(.get, "http://127.0.0.1:1/", idleLimit: .zero)
        #expect(try failure { try send(silence) } == .invalidRequest)
        let body = HTTPRequest(.get, "http://127.0.0.1:1/", body: [])
        let limit = HTTPRequest(.get, "http://127.0.0.1:1/", maximumResponseBytes: -1)

        #expect(try failure { try send(body) } == .invalidRequest)
        #expect(try failure { try send(limit) } == .invalidRequest)
    }

    @Test func `an error shows addresses and values only in its debug description`() throws {
        let error = #expect(throws: HTTPError.self) {
            try send(HTTPRequest(.get, "http://127.0.0.1:1/", usesProxy: false))
        }

        #expect("\(error.map(String.init(describing:)) ?? "")" == "the server could not be reached")
        #expect(error?.debugDescription.contains("127.0.0.1") == true)
    }
}
