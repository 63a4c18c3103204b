import Base
import Glibc
import HTTPClient
import TestSupport
import Testing

/// A TLS server with a certificate for localhost from a private authority.
struct TrustTests {
    private func get(_ url: String, trusting authorities: CertificateAuthorities) throws -> HTTPResponse {
        var client = HTTPClient(userAgent: "tests/1", authorities: authorities)
        return try client.send(HTTPRequest(.get, url, usesProxy: false), deadline: .after(.seconds(30)))
    }

    @Test func `a private authority is trusted if it is named, and no other`() throws {
        try PythonServer.run("http_server.py", "--tls", "good") { (server) throws in
            let url = "https://localhost:\(server.port)/size/5"

            #expect(try get(url, trusting: .file(server.words[1])).text == "xxxxx")
            #expect(try failure { _ = try get(url, trusting: .file(server.words[2])) } == .untrusted)
            #expect(try failure { _ = try get(url, trusting: .file("/no/such/file")) } == .untrusted)
        }
    }

    @Test func `a certificate for another host is rejected`() throws {
        try PythonServer.run("http_server.py", "--tls", "good") { (server) throws in
            let url = "https://127.0.0.1:\(server.port)/size/5"

            #expect(try failure { _ = try get(url, trusting: .file(server.words[1])) } == .untrusted)
        }
    }

    @Test func `TLS requests share one connection too`() throws {
        try PythonServer.run("http_server.py", "--tls", "good") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1", authorities: .file(server.words[1]))
            let url = "https://localhost:\(server.port)/connections"
            for _ in 0..<100 {
                #expect(try client.send(HTTPRequest(.get, url), deadline: .after(.seconds(30))).text == "1")
            }
        }
    }

    @Test func `a server without TLS is rejected for https`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let url = "https://127.0.0.1:\(server.port)/fine"

            #expect(try failure { _ = try get(url, trusting: .system) } == .tls)
        }
    }

    @Test func `SSL_CERT_FILE names the authority, and the system's authorities are not trusted then`() async {
        await #expect(processExitsWith: .success) {
            try PythonServer.run("http_server.py", "--tls", "good") { (server) throws in
                let request = HTTPRequest(.get, "https://localhost:\(server.port)/size/5", usesProxy: false)
                var before = HTTPClient(userAgent: "tests/1")
                #expect(try failure { _ = try before.send(request, deadline: .after(.seconds(30))) } == .untrusted)

                setenv("SSL_CERT_FILE", server.words[1], 1)
                var after = HTTPClient(userAgent: "tests/1")
                #expect(try after.send(request, deadline: .after(.seconds(30))).text == "xxxxx")
            }
        }
    }
}
