import Base
import TestSupport
import Testing

@testable import HTTPClient

/// The limit for silence, and cancelled requests.
struct SilenceTests {
    private func request(_ url: String, idleLimit: Duration? = nil) -> HTTPRequest {
        HTTPRequest(.get, url, idleLimit: idleLimit, usesProxy: false)
    }

    @Test(
        arguments: [
            ("/stall_header", .head(status: 200)), ("/stall", .body(status: 200, bytes: 9)),
        ] as [(String, HTTPError.Phase)]
    )
    func `silence ends a request long before its deadline`(path: String, phase: HTTPError.Phase) throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let deadline = Deadline.after(.seconds(600))
            let silent = request(server.url(path), idleLimit: .seconds(1))
            let sent = #expect(throws: HTTPError.self) { try client.send(silent, deadline: deadline) }
            let streamed = #expect(throws: HTTPError.self) {
                try client.stream(silent, deadline: deadline, onHead: { _ in true }, onBody: { _ in true })
            }

            for error in [sent, streamed] {
                #expect(error?.kind == .timeout)
                #expect(error?.phase == phase)
                #expect(error?.hasTimedOut == true)
            }
            #expect(!deadline.hasPassed)
        }
    }

    @Test func `a server may wait longer before its answer than within it`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let silent = request(server.url("/silent"), idleLimit: .milliseconds(1))
            let error = #expect(throws: HTTPError.self) {
                try client.send(silent, deadline: .after(.milliseconds(600)))
            }

            // The deadline ended the request. The limit for silence would have done so hundreds of times before.
            #expect(error?.phase == .waiting)
            #expect(error?.message.contains("silen") == false)
        }
    }

    @Test(
        arguments: [
            ("/silent", .waiting), ("/stall_header", .head(status: 200)),
        ] as [(String, HTTPError.Phase)]
    )
    func `a body has to begin within the limit of the first byte, whatever the idle limit`(
        path: String,
        phase: HTTPError.Phase
    ) throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            var late = request(server.url(path), idleLimit: .seconds(1_200))
            late.firstByteLimit = .milliseconds(500)
            let error = #expect(throws: HTTPError.self) { try client.send(late, deadline: .after(.seconds(600))) }

            #expect(error?.kind == .timeout)
            #expect(error?.phase == phase)
            #expect(error?.debugDescription.contains("first byte") == true)
        }
    }

    @Test func `the idle limit applies from the first byte of the body on`() {
        var watch = TransferWatch(
            idleLimit: .milliseconds(100),
            firstByteLimit: .milliseconds(400),
            cancellation: nil
        )
        // A head without a body is no silence before the limit of the first byte.
        let begun = Deadline.after(.milliseconds(300))
        while !begun.hasPassed { #expect(watch.look(bytes: 90, hasAnswer: true, hasBody: false) != .silent) }
        #expect(watch.look(bytes: 91, hasAnswer: true, hasBody: true) != .silent)
        while watch.look(bytes: 91, hasAnswer: true, hasBody: true) != .silent {}
        #expect(watch.look(bytes: 92, hasAnswer: true, hasBody: true) != .silent)
    }

    @Test func `data that moves and a response that has not begun are not silence`() {
        var watch = TransferWatch(idleLimit: .milliseconds(200), cancellation: nil)
        func waitForSilence(at bytes: Int) {
            while watch.look(bytes: bytes, hasAnswer: true) != .silent {}
        }

        waitForSilence(at: 0)
        #expect(watch.look(bytes: 1, hasAnswer: true) != .silent)
        waitForSilence(at: 1)
        #expect(watch.look(bytes: 1, hasAnswer: false) != .silent)
        #expect(watch.look(bytes: 2, hasAnswer: true) != .silent)
    }

    @Test func `the request is checked before each limit, and ten times a second for a cancellation`() {
        let cancellation = Cancellation()
        var idle = TransferWatch(idleLimit: .milliseconds(300), cancellation: nil)
        var watched = TransferWatch(idleLimit: nil, cancellation: cancellation)

        guard case .goOn(let untilSilence) = idle.look(bytes: 0, hasAnswer: true),
            case .goOn(let untilLook) = watched.look(bytes: 0, hasAnswer: true)
        else {
            Issue.record("nobody told them to stop")
            return
        }
        #expect((1...300).contains(untilSilence))
        #expect((1...100).contains(untilLook))
        cancellation.cancel()
        #expect(watched.look(bytes: 0, hasAnswer: true) == .cancelled)
        #expect(watched.look(bytes: 1, hasAnswer: true) == .cancelled)
    }

    @Test(arguments: ["/silent", "/stall_header", "/stall", "/drip"])
    func `another thread can cancel a request that waits`(path: String) throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let cancellation = Cancellation()
            let waiting = TestThread {
                var client = HTTPClient(userAgent: "tests/1")
                return #expect(throws: HTTPError.self) {
                    try client.send(request(server.url(path)), deadline: nil, cancellation: cancellation)
                }
            }
            var client = HTTPClient(userAgent: "tests/1")
            let count = request(server.url("/count\(path)"))
            try Poll.until { try client.send(count, deadline: .after(.seconds(30))).text == "1" }
            cancellation.cancel()

            #expect(waiting.join()?.kind == .cancelled)
        }
    }

    @Test func `a connection attempt ends at a cancellation`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            for url in ["http://127.0.0.1:\(server.words[1])/", "https://127.0.0.1:\(server.words[2])/"] {
                let cancellation = Cancellation()
                let waiting = TestThread {
                    var client = HTTPClient(userAgent: "tests/1", connectTimeout: .seconds(600))
                    return #expect(throws: HTTPError.self) {
                        try client.send(request(url), deadline: nil, cancellation: cancellation)
                    }
                }
                cancellation.cancel()

                let error = waiting.join()
                #expect(error?.kind == .cancelled)
                #expect(error?.phase == .connecting)
            }
        }
    }

    @Test func `a consumer may cancel within a stream, and the client stays usable`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let cancellation = Cancellation()
            var pieces = 0
            let error = #expect(throws: HTTPError.self) {
                try client.stream(
                    request(server.url("/stall")),
                    deadline: nil,
                    cancellation: cancellation,
                    onHead: { _ in true },
                    onBody: { _ in
                        pieces += 1
                        cancellation.cancel()
                        return true
                    }
                )
            }

            #expect(error?.kind == .cancelled)
            #expect(error?.phase == .body(status: 200, bytes: 9))
            #expect(error?.hasTimedOut == false)
            #expect(pieces == 1)
            #expect(try client.send(request(server.url("/fine")), deadline: .after(.seconds(30))).text == "fine")
        }
    }

    @Test func `a request that was cancelled before is not sent`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let cancellation = Cancellation()
            cancellation.cancel()
            let error = #expect(throws: HTTPError.self) {
                try client.send(request(server.url("/fine")), deadline: nil, cancellation: cancellation)
            }

            #expect(error?.kind == .cancelled)
            #expect(error?.phase == .connecting)
            #expect(try client.send(request(server.url("/count/fine")), deadline: .after(.seconds(30))).text == "0")
        }
    }
}
