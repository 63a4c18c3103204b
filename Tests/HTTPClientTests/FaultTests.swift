import Base
import HTTPClient
import TestSupport
import Testing

/// The client at a server that simulates faults of networks and servers.
struct FaultTests {
    /// Sends one GET with the client's defaults.
    private func get(_ url: String, deadline: Deadline? = .after(.seconds(30))) throws -> HTTPResponse {
        var client = HTTPClient(userAgent: "tests/1")
        return try client.send(HTTPRequest(.get, url, usesProxy: false), deadline: deadline)
    }

    @Test func `a chunked response is assembled from single bytes`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            #expect(try get(server.url("/pieces")).text == "piece 0;piece 1;piece 2;piece 3;piece 4;")
        }
    }

    @Test(arguments: ["/cut", "/cut_chunk", "/cut_header", "/empty", "/reset"])
    func `a response that ends early is a lost connection`(path: String) throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            #expect(try failure { _ = try get(server.url(path)) } == .connectionLost)
        }
    }

    @Test(arguments: ["/drip", "/silent"])
    func `the deadline ends a request even while bytes arrive`(path: String) throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let deadline = Deadline.after(.milliseconds(200))

            #expect(try failure { _ = try get(server.url(path), deadline: deadline) } == .timeout)
            #expect(deadline.remaining < .milliseconds(2))
        }
    }

    @Test func `a request after its deadline is not sent`() throws {
        #expect(try failure { _ = try get("http://127.0.0.1:1/", deadline: .after(.zero)) } == .timeout)
    }

    @Test(arguments: ["/endless", "/headers"])
    func `an endless response is aborted`(path: String) throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            #expect(try failure { _ = try get(server.url(path)) } == .tooLarge)
        }
    }

    @Test func `a response that is not HTTP is an invalid response`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            #expect(try failure { _ = try get(server.url("/garbage")) } == .invalidResponse)
        }
    }

    @Test func `interim responses are skipped`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let answer = try get(server.url("/interim"))

            #expect(answer.status == 200)
            #expect(answer.headers.map(\.name) == ["x-final", "content-length"])
            #expect(answer.text == "done")
        }
    }

    @Test func `trailers do not become headers`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let answer = try get(server.url("/trailer"))

            #expect(answer.headers.filter { $0.name == "x-role" }.map(\.value) == ["user"])
            #expect(answer.text == "body")
        }
    }

    @Test func `a folded header is joined, and bytes that are not UTF-8 are replaced`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let answer = try get(server.url("/folded"))

            #expect(answer.header("x-folded") == "one two")
            #expect(answer.header("x-bytes") == "\u{FFFD}")
        }
    }

    @Test(arguments: ["/second_dies", "/fine_then_close"])
    func `a kept connection that the server closed is replaced for a request that only reads`(path: String) throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            for _ in 0..<20 {
                #expect(
                    try client.send(HTTPRequest(.get, server.url(path)), deadline: .after(.seconds(30))).text == "fine"
                )
            }
        }
    }

    @Test(arguments: HTTPRequest.Method.writing)
    func `a request that may have done its work is never sent a second time`(method: HTTPRequest.Method) throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let request = HTTPRequest(method, server.url("/second_dies"), body: Array(repeating: 1, count: 100_000))
            for _ in 0..<5 {
                #expect(try client.send(request, deadline: .after(.seconds(30))).text == "fine")
                #expect(try failure { _ = try client.send(request, deadline: .after(.seconds(30))) } == .connectionLost)
            }
        }
    }

    @Test func `a request with an empty body is never sent on a kept connection`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            for _ in 0..<5 {
                let request = HTTPRequest(.post, server.url("/second_dies"), body: [])
                #expect(try client.send(request, deadline: .after(.seconds(30))).text == "fine")
            }
        }
    }

    @Test func `a client stays usable after every kind of failure`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            for path in ["/cut", "/silent", "/garbage", "/endless", "/reset"] {
                let fault = HTTPRequest(.get, server.url(path))
                #expect(throws: HTTPError.self) { try client.send(fault, deadline: .after(.milliseconds(200))) }
                let fine = HTTPRequest(.get, server.url("/fine"))
                #expect(try client.send(fine, deadline: .after(.seconds(30))).text == "fine")
            }
        }
    }

    @Test func `a connection attempt ends at the connect timeout or an earlier deadline`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1", connectTimeout: .milliseconds(100))
            let request = HTTPRequest(.get, "http://127.0.0.1:\(server.words[1])/")

            #expect(try failure { _ = try client.send(request, deadline: nil) } == .couldNotConnect)
            #expect(try failure { _ = try client.send(request, deadline: .after(.seconds(30))) } == .couldNotConnect)
            #expect(try failure { _ = try client.send(request, deadline: .after(.milliseconds(20))) } == .timeout)
        }
    }

    @Test func `a refused connection and an unknown host have different errors`() throws {
        #expect(try failure { _ = try get("http://127.0.0.1:1/") } == .couldNotConnect)
        #expect(try failure { _ = try get("http://no-such-host.invalid/") } == .couldNotResolve)
    }
}

extension HTTPRequest.Method {
    fileprivate static let writing: [HTTPRequest.Method] = [.post, .put, .patch, .delete]
}
