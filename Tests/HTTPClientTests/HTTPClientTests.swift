import Base
import HTTPClient
import TestSupport
import Testing

/// The client at the HTTP server of Python's standard library.
struct HTTPClientTests {
    @Test func `a request has exactly the method, headers and body of the caller`() throws {
        let echo = try PythonServer.run("http_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let request = HTTPRequest(
                .post,
                server.url("/echo"),
                headers: [("X-One", "1"), ("Content-Type", "application/json"), ("X-Empty", "")],
                body: Array(#"{"a":1}"#.utf8)
            )
            return try client.send(request, deadline: .after(.seconds(30))).text
        }

        let lines = echo.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.first == "POST /echo HTTP/1.1")
        #expect(lines.last == #"{"a":1}"#)
        #expect(
            lines.dropFirst().dropLast(2).filter { !$0.hasPrefix("Host:") } == [
                "User-Agent: tests/1", "Accept: */*", "X-One: 1", "Content-Type: application/json", "X-Empty: ",
                "Content-Length: 7",
            ]
        )
    }

    @Test(arguments: [HTTPRequest.Method.get, .post, .put, .patch, .delete])
    func `every method works without a body`(method: HTTPRequest.Method) throws {
        let echo = try PythonServer.run("http_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            return try client.send(HTTPRequest(method, server.url("/echo")), deadline: .after(.seconds(30))).text
        }

        #expect(echo.hasPrefix("\(method.rawValue) /echo HTTP/1.1\n"))
        #expect(echo.hasSuffix("\n\n"))
        #expect(!echo.contains("Content-Type"))
    }

    @Test func `HEAD reads only the head, whatever length it states, and keeps the connection usable`() throws {
        try PythonServer.run("http_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let head = HTTPRequest(.head, server.url("/size/1000"), maximumResponseBytes: 10)
            for _ in 1...2 {
                let answer = try client.send(head, deadline: .test)
                #expect(answer.status == 200)
                #expect(answer.header("content-length") == "1000")
                #expect(answer.body == [])
                #expect(try client.send(HTTPRequest(.get, server.url("/size/2")), deadline: .test).text == "xx")
            }
            #expect(try client.send(HTTPRequest(.get, server.url("/connections")), deadline: .test).text == "1")
        }
    }

    @Test func `a body does not affect the next request`() throws {
        let echo = try PythonServer.run("http_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let first = HTTPRequest(.put, server.url("/echo"), headers: [("X-First", "1")], body: [65, 66])
            _ = try client.send(first, deadline: .after(.seconds(30)))
            return try client.send(HTTPRequest(.get, server.url("/echo")), deadline: nil).text
        }

        #expect(echo.hasPrefix("GET /echo HTTP/1.1\n"))
        #expect(!echo.contains("X-First"))
        #expect(!echo.contains("Content-Length"))
    }

    @Test func `a large body is sent without waiting for 100 Continue`() throws {
        let echo = try PythonServer.run("http_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let body = [UInt8](repeating: 65, count: 3 << 20)
            return try client.send(HTTPRequest(.post, server.url("/echo"), body: body), deadline: nil).text
        }

        #expect(!echo.contains("Expect"))
        #expect(echo.utf8.count > 3 << 20)
    }

    @Test func `header names are returned in lower case, and values are trimmed`() throws {
        try PythonServer.run("http_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let answer = try client.send(HTTPRequest(.get, server.url("/size/3")), deadline: nil)

            #expect(answer.status == 200)
            #expect(answer.header("x-mixed-case") == "kept as it is")
            #expect(answer.header("X-Mixed-Case") == nil)
            #expect(answer.body == [120, 120, 120])
        }
    }

    @Test(arguments: [204, 301, 404, 413, 429, 500, 503])
    func `a response with any status is returned and not an error`(status: Int) throws {
        try PythonServer.run("http_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let answer = try client.send(HTTPRequest(.get, server.url("/status/\(status)")), deadline: nil)

            #expect(answer.status == status)
        }
    }

    @Test func `a redirect is not followed`() throws {
        try PythonServer.run("http_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let answer = try client.send(HTTPRequest(.get, server.url("/redirect")), deadline: nil)

            #expect(answer.status == 302)
            #expect(answer.header("location") == "/echo")
            #expect(answer.body.isEmpty)
        }
    }

    @Test func `a credential is not sent to a redirect's target`() throws {
        try PythonServer.run("http_server.py") { (server) throws in
            try PythonServer.run("http_server.py") { (other) throws in
                var client = HTTPClient(userAgent: "tests/1")
                let request = HTTPRequest(
                    .get,
                    server.url("/redirect/\(other.port)"),
                    headers: [("Authorization", "Bearer secret")]
                )
                let answer = try client.send(request, deadline: .after(.seconds(30)))
                let seen = try client.send(HTTPRequest(.get, other.url("/requests")), deadline: .after(.seconds(30)))

                #expect(answer.status == 302)
                #expect(answer.header("location") == other.url("/size/1"))
                #expect(seen.text == "0")
            }
        }
    }

    @Test func `a thousand requests share one connection`() throws {
        try PythonServer.run("http_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            for number in 0..<1000 {
                let method: HTTPRequest.Method = number.isMultiple(of: 2) ? .get : .post
                let request = HTTPRequest(method, server.url("/size/\(number)"), body: method == .get ? nil : [1])
                #expect(try client.send(request, deadline: .after(.seconds(30))).body.count == number)
            }

            let accepted = try client.send(HTTPRequest(.get, server.url("/connections")), deadline: nil)
            #expect(accepted.text == "1")
        }
    }

    @Test func `a response may be exactly as large as the limit`() throws {
        try PythonServer.run("http_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            func send(_ path: String, limit: Int) throws -> Int {
                let request = HTTPRequest(.get, server.url(path), maximumResponseBytes: limit)
                return try client.send(request, deadline: nil).body.count
            }

            #expect(try send("/size/1000", limit: 1000) == 1000)
            #expect(try send("/size/0", limit: 0) == 0)
            #expect(try failure { _ = try send("/size/1001", limit: 1000) } == .tooLarge)
            #expect(try failure { _ = try send("/size/1", limit: 0) } == .tooLarge)
        }
    }
}
