import Base
import Glibc
import HTTPClient
import TestSupport
import Testing

/// TLS servers that an attacker could have put in a server's place.
struct CertificateTests {
    /// The error of a client that trusts the authority, at a server with a kind of certificate.
    private func refusal(of kind: String) throws -> HTTPError? {
        try PythonServer.run("http_server.py", "--tls", kind) { (server) throws in
            var client = HTTPClient(userAgent: "tests/1", authorities: .file(server.words[1]))
            let request = HTTPRequest(.get, "https://localhost:\(server.port)/size/5", usesProxy: false)
            return #expect(throws: HTTPError.self) { try client.send(request, deadline: .after(.seconds(30))) }
        }
    }

    @Test(
        arguments: [
            ("expired", .untrusted, "expired"), ("self-signed", .untrusted, "self-signed"),
            ("another-host", .untrusted, "localhost"), ("tls1.1", .tls, "protocol"),
        ] as [(String, HTTPError.Kind, String)]
    )
    func `an invalid certificate is rejected with the right error`(
        kind: String,
        error expected: HTTPError.Kind,
        word: String
    ) throws {
        let error = try refusal(of: kind)

        #expect(error?.kind == expected)
        #expect(error?.debugDescription.contains(word) == true, "\(error?.debugDescription ?? "")")
    }

    @Test func `a certificate trusted as such must still match the host`() throws {
        try PythonServer.run("http_server.py", "--tls", "another-host") { (server) throws in
            var client = HTTPClient(userAgent: "tests/1", authorities: .file(server.words[1]))
            for host in ["localhost", "127.0.0.1"] {
                let request = HTTPRequest(.get, "https://\(host):\(server.port)/size/5", usesProxy: false)
                #expect(try failure { _ = try client.send(request, deadline: .after(.seconds(30))) } == .untrusted)
            }
        }
    }

    @Test func `TLS 1.1 is rejected, even if OpenSSL's configuration allows it`() async {
        await #expect(processExitsWith: .success) {
            try PythonServer.run("http_server.py", "--tls", "tls1.1") { (server) throws in
                let settings = "\(server.words[1]).cnf"
                try write(
                    """
                    openssl_conf = all
                    [all]
                    ssl_conf = ssl
                    [ssl]
                    system_default = lax
                    [lax]
                    MinProtocol = TLSv1
                    CipherString = ALL:@SECLEVEL=0
                    """,
                    to: settings
                )
                let lax = try Subprocess(
                    "openssl",
                    ["s_client", "-connect", "127.0.0.1:\(server.port)", "-CAfile", server.words[1]],
                    environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "OPENSSL_CONF": settings]
                ).finish()
                #expect(lax.output.contains("TLSv1.1"), "the server does not speak it: \(lax)")

                setenv("OPENSSL_CONF", settings, 1)
                var client = HTTPClient(userAgent: "tests/1", authorities: .file(server.words[1]))
                let request = HTTPRequest(.get, "https://localhost:\(server.port)/size/5", usesProxy: false)
                #expect(try failure { _ = try client.send(request, deadline: .after(.seconds(30))) } == .tls)
            }
        }
    }
}

/// Writes a new file; the owner of the folder removes it.
private func write(_ text: String, to path: String) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    defer { close(file) }
    try #require(Glibc.write(file, text, text.utf8.count) == text.utf8.count)
}
