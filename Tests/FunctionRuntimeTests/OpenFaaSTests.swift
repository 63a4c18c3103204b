import Base
import System
import TestSupport
import Testing

@testable import FunctionRuntime

/// The variables of OpenFaaS's watchdogs.
struct OpenFaaSTests {
    private func request(_ pairs: [(String, String)]) throws -> Request {
        try MetaVariables(pairs.map { (name: $0.0, value: $0.1) }, .openFaaS).request(body: .text([]))
    }

    @Test func `variables become header fields, and the watchdog's own do not`() throws {
        let request = try request([
            ("Http_Method", "POST"), ("Http_Path", "/createTeam"), ("Http_Query", "a=b"), ("Http_Host", "x"),
            ("Http_Content_Length", "2"), ("Http_ContentLength", "2"), ("Http_Transfer_Encoding", "chunked"),
            ("Http_Authorization", "Bearer x"), ("Http_X_Call_Id", "1"), ("Http_Proxy", "http://evil"),
            ("Http_Content_Type", "a/b"), ("HTTP_X_API_KEY", "not of a watchdog"), ("PATH", "/bin"),
        ])
        #expect((request.method, request.path) == ("POST", "/createTeam"))
        #expect(request.headers["authorization"] == "Bearer x")
        #expect(request.headers["x-call-id"] == "1")
        #expect(request.headers["content-type"] == "a/b")
        for name in ["query", "proxy", "contentlength", "content-length", "transfer-encoding", "x-api-key", "path"] {
            #expect(request.headers[name] == nil, "\(name)")
        }
        #expect(request.sourceIP == nil)
    }

    // Cases: faas 72
    @Test(arguments: [
        ("Http_X_User", "Http_X_user"), ("Http_X_User", "Http_X_User"), ("Http_Method", "Http_Method"),
        ("Http_Path", "Http_Path"), ("Http_Content_Length", "Http_Content_Length"),
    ])
    func `a name that is there twice is refused`(one: String, other: String) {
        let problem = #expect(throws: Problem.self) { try request([(one, "1"), (other, "2")]) }
        #expect(problem?.code == "malformed_request")
    }

    // Cases: faas 68
    @Test(arguments: ["-1", "99999999999999999999", "1e3", " 12", "0x1", "1,1", "+1"])
    func `a length that is no number is refused, but for that of a chunked body`(text: String) throws {
        let cgi = MetaVariables([(name: "CONTENT_LENGTH", value: text)])
        #expect(throws: Problem.self) { try cgi.contentLength() }
        let watchdog = MetaVariables([(name: "Http_Content_Length", value: text)], .openFaaS)
        if text == "-1" {
            #expect(try watchdog.contentLength() == nil)
        } else {
            #expect(throws: Problem.self) { try watchdog.contentLength() }
        }
    }

    @Test func `the platform is known by its variables`() {
        func convention(_ pairs: (String, String)...) -> MetaVariables.Convention? { .init(Environment(pairs)) }
        #expect(convention(("GATEWAY_INTERFACE", "CGI/1.1"), ("Http_Method", "POST")) == .cgi)
        #expect(convention(("Http_Method", "GET")) == .openFaaS)
        #expect(convention(("Http_Method", "x")) == nil)
        #expect(convention(("HTTP_METHOD", "POST"), ("http_method", "x"), ("GATEWAY_INTERFACE", "x")) == nil)
        #expect(ActionLoop.isUsed(Environment([("__OW_EXECUTION_ENV", "x")])))
        #expect(!ActionLoop.isUsed(Environment([("HTTP___OW_PROXY_VERSION", "x")])))
    }

    @Test(arguments: [
        ("10", 10_000), ("1s", 1_000), ("1m30s", 90_000), ("500ms", 500), ("1.5s", 1_500), ("2h", 7_200_000),
    ])
    func `a duration of Go is read`(text: String, milliseconds: Int64) {
        #expect(Duration(go: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "s", "-1s", "1x", "1s1", "9999999999999h", "1..5s", "one"])
    func `what is no duration is none`(text: String) {
        #expect(Duration(go: text) == nil)
    }
}
