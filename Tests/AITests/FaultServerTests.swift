import Base
import HTTPClient
import TestSupport
import Testing

@testable import AI

/// The properties of the simulated providers on which other tests rely.
struct FaultServerTests {
    private static let paths = ["/v1/messages", "/v1/chat/completions", "/v1/responses"]

    private func request(
        _ url: String,
        _ fault: String,
        isStream: Bool = false,
        idleLimit: Duration? = nil
    ) -> HTTPRequest {
        HTTPRequest(
            .post,
            url,
            headers: [("Content-Type", "application/json"), ("Authorization", "Bearer key")],
            body: Array(#"{"model":"fault:\#(fault)","stream":\#(isStream)}"#.utf8),
            idleLimit: idleLimit,
            usesProxy: false
        )
    }

    @Test func `the providers' own clients recognize each fault`() throws {
        let outcome = try PythonScript.run("check_faults_with_sdks.py", by: .clients)

        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.hasSuffix(" comparisons, 0 differences\n"))
    }

    @Test(
        arguments: [
            ("close-early", .connectionLost, false), ("rst-early", .connectionLost, false),
            ("rst-mid", .connectionLost, true), ("short-body", .connectionLost, true),
            ("chunked-cut", .connectionLost, true), ("partial-headers", .connectionLost, true),
            ("silent", .timeout, false), ("stall-mid", .timeout, true),
            ("big-length", .tooLarge, true), ("big-chunked", .tooLarge, true),
        ] as [(String, HTTPError.Kind, Bool)]
    )
    func `a broken response has the same error kind in every format`(
        fault: String,
        kind: HTTPError.Kind,
        hadAnswer: Bool
    ) throws {
        try FaultServer.run { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            for path in Self.paths {
                // Before an answer the deadline is the only limit.
                let deadline: Deadline = fault == "silent" ? .after(.seconds(1)) : .test
                let error = #expect(throws: HTTPError.self) {
                    try client.send(request(server.url + path, fault, idleLimit: .seconds(1)), deadline: deadline)
                }
                #expect(error?.kind == kind)
                #expect(error?.hadAnswer == hadAnswer)
            }
            #expect(try server.requests(of: fault).map(\.path) == Self.paths)
        }
    }

    @Test(arguments: [
        ("bad-gzip", true), ("empty-200", true), ("html-200", true), ("bad-json", true), ("array-200", false),
    ])
    func `a valid HTTP response that is not an answer is returned unchanged`(fault: String, isBadJSON: Bool) throws {
        try FaultServer.run { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            for path in Self.paths {
                let answer = try client.send(request(server.url + path, fault), deadline: .test)
                #expect(answer.status == 200)
                #expect(((try? JSONDocument(parsing: answer.body)) == nil) == isBadJSON)
            }
        }
    }

    // Cases: ai 40
    @Test func `a response that arrives drop by drop ends at the deadline`() throws {
        try FaultServer.run { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            for isStream in [false, true] {
                let error = #expect(throws: HTTPError.self) {
                    try client.send(
                        request(server.url + "/v1/messages", "drip", isStream: isStream, idleLimit: .seconds(1)),
                        deadline: .after(.seconds(2))
                    )
                }
                #expect(error?.kind == .timeout)
                #expect(error?.hadAnswer == true)
            }
        }
    }

    @Test func `the client returns a redirect and does not follow it`() throws {
        try FaultServer.run { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let answer = try client.send(request(server.openAI + "/responses", "redirect"), deadline: .test)

            #expect(answer.status == 307)
            #expect(answer.header("location")?.hasSuffix("/v1/responses") == true)
            #expect(try server.redirected().isEmpty)
        }
    }

    // Cases: ai 47
    @Test(arguments: [
        "crlf", "cr", "comments", "multiline", "no-space", "fields", "bytes", "unended", "bom", "unknown",
    ])
    func `a stream decodes equally with every framing`(framing: String) throws {
        try FaultServer.run { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            func events(_ fault: String, _ path: String) throws -> [String] {
                var reader = ServerSentEvents()
                var events: [ServerSentEvent] = []
                let answer = try client.stream(
                    request(server.url + path, fault, isStream: true),
                    deadline: .test,
                    onHead: { $0.header("content-type")?.hasPrefix("text/event-stream") == true },
                    onBody: { piece in
                        guard let more = try? reader.take(piece) else { return false }
                        events += more
                        return true
                    }
                )
                #expect(!answer.wasStopped)
                #expect(reader.isInEvent == (fault == "sse-odd:unended"))
                if let last = reader.finish() { events.append(last) }
                return try events.map { event in
                    if event.text == "[DONE]" { return "[DONE]" }
                    // The model contains the fault's name, and the framing inserts white space between values.
                    let json = try JSONDocument(parsing: event.data).root
                    let texts = [
                        json["delta"]?["text"], json["choices"]?.elements.map { $0 }.first?["delta"]?["content"],
                    ]
                    return "\(event.event) \(json["type"]?.string ?? "") \(texts.compactMap { $0?.string })"
                }
            }

            for path in Self.paths {
                let usual = try events("none*0", path)
                #expect(usual.count > 5)
                let odd = try events("sse-odd:\(framing)", path)
                #expect(odd == (framing == "unknown" ? ["news news []"] + usual : usual))
            }
        }
    }

    @Test func `a fault ends after its count, and the journal records every attempt with its time`() throws {
        try FaultServer.run { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            let statuses = try (0..<4).map { _ in
                try client.send(request(server.openAI + "/chat/completions", "status:529*2"), deadline: .test).status
            }

            #expect(statuses == [529, 529, 200, 200])
            #expect(try server.requests().map(\.fault) == ["status:529", "status:529", "", ""])
            #expect(try server.requests(of: "status:529").count == 2)
            #expect(try server.gaps().count == 3)
            #expect(try server.gaps().allSatisfy { $0 > 0 })
            #expect(try server.requests().allSatisfy { $0.values(of: "authorization") == ["Bearer key"] })
        }
    }

    @Test func `a test can define an answer under a name, and a path can select a fault`() throws {
        try FaultServer.run { (server) throws in
            var client = HTTPClient(userAgent: "tests/1")
            try server.answer("mine", status: 418, headers: [("x-mine", "1")], body: "short")
            let answer = try client.send(request("\(server.url)/v1/messages", "mine*1"), deadline: .test)
            #expect(answer.status == 418)
            #expect(answer.header("x-mine") == "1")
            #expect(String(decoding: answer.body, as: UTF8.self) == "short")

            let url = "\(server.url)/fault/status:503/v1/messages"
            #expect(try client.send(HTTPRequest(.get, url, usesProxy: false), deadline: .test).status == 503)
        }
    }

    @Test func `over TLS, a client that trusts the server's authority accepts the certificate`() throws {
        try FaultServer.run(certificate: "good") { (server) throws in
            let request = request("\(server.url)/v1/messages", "status:529")
            var client = HTTPClient(userAgent: "tests/1", authorities: .file(server.authority))
            #expect(try client.send(request, deadline: .test).status == 529)

            var stranger = HTTPClient(userAgent: "tests/1", authorities: .file(server.stranger))
            let error = #expect(throws: HTTPError.self) { try stranger.send(request, deadline: .test) }
            #expect(error?.kind == .untrusted)
            let reset = self.request("\(server.url)/v1/messages", "rst-mid")
            let lost = #expect(throws: HTTPError.self) { try client.send(reset, deadline: .test) }
            #expect(lost?.kind == .connectionLost)
            #expect(lost?.hadAnswer == true)
        }
    }
}
