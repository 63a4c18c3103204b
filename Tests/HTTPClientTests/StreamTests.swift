import Base
import HTTPClient
import TestSupport
import Testing

/// Responses that are passed on as they arrive.
struct StreamTests {
    private func request(_ url: String, maximumResponseBytes: Int = 4 << 20) -> HTTPRequest {
        HTTPRequest(.get, url, maximumResponseBytes: maximumResponseBytes, usesProxy: false)
    }

    @Test func `a piece is passed on before the rest has been sent`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            var pieces: [String] = []
            let answer = try client.stream(
                request(server.url("/half")),
                deadline: .after(.seconds(30)),
                onHead: { _ in true },
                onBody: { piece in
                    pieces.append(String(decoding: piece, as: UTF8.self))
                    guard pieces.count == 1 else { return true }
                    // The server sends the other half only now.
                    var other = HTTPClient(userAgent: "tests/1")
                    return (try? other.send(request(server.url("/tell")), deadline: .after(.seconds(30)))) != nil
                }
            )

            #expect(pieces == ["half", "rest"])
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
            #expect(!answer.wasStopped)
        }
    }

    @Test func `the pieces form the whole body`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            for path in ["/pieces", "/trailer", "/interim", "/until_close", "/nothing"] {
                var body: [UInt8] = []
                var heads: [HTTPHead] = []
                let deadline = Deadline.after(.seconds(30))
                let streamed = try client.stream(
                    request(server.url(path)),
                    deadline: deadline,
                    onHead: {
                        heads.append($0)
                        return true
                    },
                    onBody: {
                        body += $0
                        return true
                    }
                )
                let whole = try client.send(request(server.url(path)), deadline: deadline)

                #expect(body == whole.body)
                #expect(heads.map(\.status) == [200])
                #expect(heads.first?.headers.map(\.name) == whole.headers.map(\.name))
                #expect(streamed.headers.map(\.value) == whole.headers.map(\.value))
            }
        }
    }

    @Test func `a body without a consumer of pieces is returned whole`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            var pieces = 0
            let answer = try client.stream(
                request(server.url("/unavailable")),
                deadline: .after(.seconds(30)),
                onHead: { $0.status == 200 },
                onBody: { _ in
                    pieces += 1
                    return true
                }
            )

            #expect(answer.status == 503)
            #expect(answer.header("retry-after") == "7")
            #expect(answer.text == "busy")
            #expect(pieces == 0)
        }
    }

    @Test func `a consumer may stop early, and the client stays usable`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            for path in ["/endless", "/stall", "/drip"] {
                var pieces = 0
                let answer = try client.stream(
                    request(server.url(path)),
                    deadline: .after(.seconds(30)),
                    onHead: { _ in true },
                    onBody: { _ in
                        pieces += 1
                        return false
                    }
                )
                #expect(answer.status == 200)
                #expect(answer.wasStopped)
                #expect(pieces == 1)
                #expect(try client.send(request(server.url("/fine")), deadline: .after(.seconds(30))).text == "fine")
            }
        }
    }

    @Test func `pieces before a fault are passed on, and the fault is an error`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            for path in ["/cut", "/cut_chunk", "/reset_body"] {
                var body: [UInt8] = []
                let error = #expect(throws: HTTPError.self) {
                    try client.stream(
                        request(server.url(path)),
                        deadline: .after(.seconds(30)),
                        onHead: { _ in true },
                        onBody: {
                            body += $0
                            return true
                        }
                    )
                }

                #expect(error?.kind == .connectionLost)
                #expect(error?.phase == .body(status: 200, bytes: body.count))
                #expect(body.count == 9)
            }
        }
    }

    @Test func `the size limit applies to the sum of all pieces`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            var bytes = 0
            let error = #expect(throws: HTTPError.self) {
                try client.stream(
                    request(server.url("/endless"), maximumResponseBytes: 10_000),
                    deadline: .after(.seconds(30)),
                    onHead: { _ in true },
                    onBody: {
                        bytes += $0.count
                        return true
                    }
                )
            }

            #expect(error?.kind == .tooLarge)
            #expect((1...10_000).contains(bytes))
        }
    }

    @Test func `a connection is kept after its stream has ended`() throws {
        try PythonServer.run("http_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            for _ in 0..<10 {
                _ = try client.stream(
                    request(server.url("/size/100000")),
                    deadline: .after(.seconds(30)),
                    onHead: { _ in true },
                    onBody: { _ in true }
                )
            }

            let accepted = try client.send(request(server.url("/connections")), deadline: .after(.seconds(30)))
            #expect(accepted.text == "1")
        }
    }
}
