import Base
import Glibc
import HTTPClient
import TestSupport
import Testing

/// A client restricted to public addresses, and servers at other addresses.
@Suite struct GuardTests {
    private func client(except ranges: String...) -> HTTPClient {
        HTTPClient(userAgent: "tests/1", egress: .publicOnly(except: ranges.compactMap { AddressRange($0) }))
    }

    @Test(arguments: [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "localhost", "a.localhost",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]",
    ])
    func `this machine is not reached, in any notation`(host: String) throws {
        try PythonServer.run("http_server.py") { (server) throws in
            var client = client()
            let request = HTTPRequest(.get, "http://\(host):\(server.port)/size/2")
            #expect(try failure { _ = try client.send(request, deadline: .test) } == .forbiddenAddress)
        }
    }

    @Test(arguments: [
        "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "192.0.2.1", "198.18.0.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "[fe80::1]", "[fe80::1%25lo]", "[fd00:ec2::254]", "[ff02::1]",
        "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]",
    ])
    func `nothing is sent to an address that is not globally reachable`(host: String) throws {
        for scheme in ["http", "https"] {
            var client = client()
            let request = HTTPRequest(.get, "\(scheme)://\(host)/")
            do throws(HTTPError) {
                _ = try client.send(request, deadline: .test)
                Issue.record("it was sent")
            } catch {
                #expect(error.kind == .forbiddenAddress)
                #expect(error.phase == .connecting)
                #expect(error.description == "the server's address is not one that may be connected to")
            }
        }
    }

    @Test func `an exception is reached by address and by name`() throws {
        try PythonServer.run("http_server.py") { (server) throws in
            var client = client(except: "127.0.0.0/8")
            for host in ["127.0.0.1", "localhost"] {
                let request = HTTPRequest(.get, "http://\(host):\(server.port)/size/2")
                #expect(try client.send(request, deadline: .test).text == "xx")
            }
            let other = HTTPRequest(.get, "http://[::1]:\(server.port)/size/2")
            #expect(try failure { _ = try client.send(other, deadline: .test) } == .forbiddenAddress)
        }
    }

    @Test func `a refused host is refused again, and allowed hosts stay reachable`() throws {
        try PythonServer.run("http_server.py") { (server) throws in
            var client = client(except: "127.0.0.1/32")
            let allowed = HTTPRequest(.get, server.url("/size/2"))
            let refused = HTTPRequest(.get, "http://127.0.0.2:\(server.port)/size/2")
            for _ in 1...3 {
                #expect(try client.send(allowed, deadline: .test).text == "xx")
                #expect(try failure { _ = try client.send(refused, deadline: .test) } == .forbiddenAddress)
            }
        }
    }

    @Test func `an allowed server that does not listen is unreachable, not forbidden`() throws {
        var client = client(except: "127.0.0.0/8")
        let request = HTTPRequest(.get, "http://127.0.0.1:1/")
        #expect(try failure { _ = try client.send(request, deadline: .test) } == .couldNotConnect)
    }

    @Test(arguments: [
        ("::1/128", "::1", HTTPError.Kind.couldNotConnect), ("::1/128", "::2", .forbiddenAddress),
        ("fd00::1/128", "fd00::2", .forbiddenAddress), ("127.0.0.1/32", "::ffff:127.0.0.1", .couldNotConnect),
        ("127.0.0.1/32", "::ffff:127.0.0.2", .forbiddenAddress),
    ])
    func `an IPv6 address is compared to its last bit`(
        range: String,
        address: String,
        kind: HTTPError.Kind
    ) throws {
        var client = client(except: range)
        let request = HTTPRequest(.get, "http://[\(address)]:1/")
        #expect(try failure { _ = try client.send(request, deadline: .test) } == kind)
    }

    @Test func `a redirect to a forbidden address is returned and not followed`() throws {
        try PythonServer.run("http_server.py") { (server) throws in
            var client = client(except: "127.0.0.0/8")
            let answer = try client.send(HTTPRequest(.get, server.url("/redirect/1")), deadline: .test)
            #expect(answer.status == 302)
        }
    }

    @Test func `a proxy variable of the process does not bypass the restriction`() async {
        await #expect(processExitsWith: .success) {
            try PythonServer.run("http_server.py") { (proxy) throws in
                for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"] { setenv(name, proxy.url(""), 1) }
                unsetenv("no_proxy")
                unsetenv("NO_PROXY")
                let allowed = [AddressRange("127.0.0.1/32")].compactMap(\.self)
                var client = HTTPClient(userAgent: "tests/1", egress: .publicOnly(except: allowed))
                let metadata = HTTPRequest(.get, "http://169.254.169.254/")
                let neighbour = HTTPRequest(.get, "http://127.0.0.2:\(proxy.port)/size/2")

                #expect(try failure { _ = try client.send(metadata, deadline: .test) } == .forbiddenAddress)
                #expect(try failure { _ = try client.send(neighbour, deadline: .test) } == .forbiddenAddress)
                // The proxy would answer `proxied`.
                #expect(try client.send(HTTPRequest(.get, proxy.url("/size/2")), deadline: .test).text == "xx")
            }
        }
    }
}
