import Base
import Glibc
import HTTPClient
import TestSupport
import Testing

/// The proxy variables apply to the whole process, so each test runs in its own process.
struct ProxyTests {
    @Test func `http_proxy is used unless the request disables it`() async {
        await #expect(processExitsWith: .success) {
            try PythonServer.run("http_server.py") { (server) throws in
                try PythonServer.run("http_server.py") { (proxy) throws in
                    setenv("http_proxy", proxy.url(""), 1)
                    unsetenv("no_proxy")
                    unsetenv("NO_PROXY")
                    var client = HTTPClient(userAgent: "tests/1")
                    let straight = HTTPRequest(.get, server.url("/size/2"), usesProxy: false)
                    let proxied = HTTPRequest(.get, server.url("/size/2"))

                    #expect(try client.send(straight, deadline: nil).text == "xx")
                    #expect(try client.send(proxied, deadline: nil).text == "proxied")
                    #expect(try client.send(straight, deadline: nil).text == "xx")
                }
            }
        }
    }

    @Test func `HTTP_PROXY is ignored, because under CGI it is the caller's Proxy header`() async {
        await #expect(processExitsWith: .success) {
            try PythonServer.run("http_server.py") { (server) throws in
                for name in ["http_proxy", "all_proxy", "ALL_PROXY"] { unsetenv(name) }
                setenv("HTTP_PROXY", "http://127.0.0.1:1", 1)
                var client = HTTPClient(userAgent: "tests/1")

                #expect(try client.send(HTTPRequest(.get, server.url("/size/2")), deadline: nil).text == "xx")
            }
        }
    }
}
