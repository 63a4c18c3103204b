import Base
import HTTPClient
import TestSupport
import Testing

/// The kind and the phase of the error of a request without a response.
struct AnswerFaultTests {
    private func failure(
        _ url: String,
        deadline: Duration = .seconds(30),
        idleLimit: Duration? = nil,
        connectTimeout: Duration = .seconds(5)
    ) throws -> HTTPError? {
        var client = HTTPClient(userAgent: "tests/1", connectTimeout: connectTimeout)
        let request = HTTPRequest(.get, url, idleLimit: idleLimit, usesProxy: false)
        return #expect(throws: HTTPError.self) { try client.send(request, deadline: .after(deadline)) }
    }

    @Test(
        arguments: [
            ("/empty", .connectionLost, .waiting),
            ("/reset", .connectionLost, .waiting),
            ("/cut_header", .connectionLost, .head(status: 200)),
            ("/reset_body", .connectionLost, .body(status: 200, bytes: 9)),
            ("/cut", .connectionLost, .body(status: 200, bytes: 9)),
            ("/cut_chunk", .connectionLost, .body(status: 200, bytes: 9)),
            ("/garbage", .invalidResponse, .waiting),
            ("/eight_megabytes", .tooLarge, .head(status: 200)),
        ] as [(String, HTTPError.Kind, HTTPError.Phase)]
    )
    func `an error states whether a response began`(path: String, kind: HTTPError.Kind, phase: HTTPError.Phase) throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let error = try failure(server.url(path))

            #expect(error?.kind == kind)
            #expect(error?.phase == phase)
            #expect(error?.hasTimedOut == false)
            #expect(error?.hadAnswer == phase.hasAnswer)
        }
    }

    // Cases: ai 42
    @Test func `a chunked response that is too large is read only up to the limit`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let error = try failure(server.url("/endless"))

            #expect(error?.kind == .tooLarge)
            guard case .body(200, let bytes) = error?.phase else {
                Issue.record("no body: \(String(describing: error))")
                return
            }
            #expect((1...4 << 20).contains(bytes))
        }
    }

    @Test(
        arguments: [
            ("/silent", .waiting), ("/stall_header", .head(status: 200)), ("/stall", .body(status: 200, bytes: 9)),
        ] as [(String, HTTPError.Phase)]
    )
    func `a deadline error has the phase in which the deadline passed`(path: String, phase: HTTPError.Phase) throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let error = try failure(server.url(path), deadline: .seconds(1))

            #expect(error?.kind == .timeout)
            #expect(error?.phase == phase)
            #expect(error?.hasTimedOut == true)
        }
    }

    // Cases: ai 35
    @Test func `a connection timeout and a refused connection have different errors`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let (deaf, mute) = ("http://127.0.0.1:\(server.words[1])/", "https://127.0.0.1:\(server.words[2])/")
            for url in [deaf, mute] {
                let slow = try failure(url, connectTimeout: .milliseconds(100))
                #expect(slow?.kind == .couldNotConnect)
                #expect(slow?.phase == .connecting)
                #expect(slow?.hasTimedOut == true)

                let late = try failure(url, deadline: .milliseconds(100))
                #expect(late?.kind == .timeout)
                #expect(late?.phase == .connecting)
                #expect(late?.hasTimedOut == true)
            }
            let refused = try failure("http://127.0.0.1:1/")
            #expect(refused?.kind == .couldNotConnect)
            #expect(refused?.phase == .connecting)
            #expect(refused?.hasTimedOut == false)

            let unknown = try failure("http://no-such-host.invalid/")
            #expect(unknown?.kind == .couldNotResolve)
            #expect(unknown?.phase == .connecting)
        }
    }

    @Test func `an empty, an unframed and a compressed response are returned unchanged`()
        throws
    {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            func get(_ path: String) throws -> HTTPResponse {
                try client.send(HTTPRequest(.get, server.url(path), usesProxy: false), deadline: .after(.seconds(30)))
            }

            #expect(try get("/nothing").status == 200)
            #expect(try get("/nothing").body.isEmpty)
            #expect(try get("/until_close").text == "what comes before the end")
            #expect(try get("/cut_gzip").header("content-encoding") == "gzip")
            #expect(try get("/cut_gzip").body == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3])
        }
    }
}
