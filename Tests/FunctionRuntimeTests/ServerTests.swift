import Base
import TestSupport
import Testing

@testable import FunctionRuntime

/// The processing between an event and a function, without a reachable database.
struct ServerTests {
    private let subject = "01890a5d-ac96-774b-bcce-b302099a8057"
    private let input = #"{"text":"hello"}"#

    @Test func `a direct event with a token is answered`() throws {
        let answered = try Answered(input, .init(token: TestFunction.token(for: subject, email: "a@b.example")))

        #expect(answered.answer.status == 200)
        #expect(answered.form == .direct)
        #expect(try answered.body["text"]?.string == "hello")
        #expect(try answered.body["caller"]?.string == subject)
        #expect(try answered.body["issuer"]?.string == TestFunction.issuer)
        #expect(try answered.body["email"]?.string == "a@b.example")
    }

    @Test func `malformed JSON is rejected before authentication`() throws {
        for event in ["", "{", #"{"text":"a","text":"b"}"#, #"{"headers":1,"body":{}}"#] {
            #expect(try code(of: Answered(event)) == "400 malformed_json")
        }
        #expect(try code(of: Answered(nil)) == "413 payload_too_large")
    }

    @Test func `authentication comes before the validation of the input`() throws {
        #expect(try code(of: Answered(#"{"nonsense":1}"#)) == "401 unauthenticated")
        #expect(try code(of: Answered("[]")) == "401 unauthenticated")
        #expect(try code(of: Answered(#"{"nonsense":1}"#, .init(token: "x"))) == "401 invalid_token")
    }

    @Test func `the input is validated before the database is used`() throws {
        let token = try TestFunction.token(for: subject)
        for event in [#"{"nonsense":1}"#, "[]", "null", #"{"text":1}"#] {
            #expect(try code(of: Answered(event, .init(token: token))) == "422 validation_failed")
        }
        #expect(try code(of: Answered(Failing.self, #"{"text":"database"}"#)) == "503 unavailable")
    }

    @Test func `a method other than POST is rejected first`() throws {
        for method in ["GET", "post", "PUT", "", "OPTIONS"] {
            let event = #"{"version":"2.0","requestContext":{"http":{"method":"\#(method)"}},"body":"{"}"#
            #expect(try code(of: Answered(event)) == "405 method_not_allowed")
        }
    }

    @Test func `NOFX_TOKEN is a credential only for direct events`() throws {
        let token = try TestFunction.token(for: subject)
        for event in [
            #"{"body":{"text":"a"}}"#, #"{"headers":{},"body":{"text":"a"}}"#,
            #"{"version":"2.0","requestContext":{"http":{"method":"POST"}},"body":"{}"}"#,
            #"{"httpMethod":"POST","requestContext":{},"body":"{}"}"#,
            #"{"httpMethod":"POST","requestContext":{"elb":{}},"body":"{}"}"#,
        ] {
            #expect(try code(of: Answered(event, .init(token: token))) == "401 unauthenticated")
        }
    }

    @Test func `an envelope needs its own credential`() throws {
        let token = try TestFunction.token(for: subject)
        let answered = try Answered(#"{"headers":{"Authorization":"Bearer \#(token)"},"body":{"text":"hello"}}"#)

        #expect(answered.form == .envelope)
        #expect(try answered.body["caller"]?.string == subject)
    }

    // Cases: teams 146
    @Test func `a user id in the body is an unknown field`() throws {
        let event = #"{"text":"a","userId":"1","role":"owner","isAdmin":true,"authorization":"Bearer x"}"#
        let answered = try Answered(event, .init(token: TestFunction.token(for: subject)))

        #expect(answered.answer.status == 422)
        #expect(try answered.body["errors"]?.elements.allSatisfy { $0["code"]?.string == "unknown_field" } == true)
    }

    @Test func `a malformed body of an HTTP event is rejected in the event's form`() throws {
        let token = try TestFunction.token(for: subject)
        for (body, encoded) in [("!!", true), ("{", false), ("", false), (#"{\"text\":\"a\\u0000\"}"#, false)] {
            let answered = try Answered(event(body: body, token: token, encoded: encoded))
            #expect(try code(of: answered) == "400 malformed_json")
            #expect(answered.form == .apiGatewayV2)
        }
    }

    @Test func `an unknown error is 500 for the caller and is logged`() throws {
        let answered = try Answered(Failing.self, #"{"text":""}"#)

        #expect(try code(of: answered) == "500 internal")
        #expect(!String(decoding: answered.answer.body, as: UTF8.self).contains("Failure"))
        #expect(answered.log.containing("call.failed").count == 1)
    }

    @Test func `problems and denials are returned unchanged, and a denial is logged`() throws {
        #expect(try code(of: Answered(Failing.self, #"{"text":"problem"}"#)) == "409 slug_taken")
        let denied = try Answered(Failing.self, #"{"text":"denial"}"#)

        #expect(try code(of: denied) == "404 team_not_found")
        #expect(denied.log.containing("authz.denied").first?.contains(#""teamId":"\#(UUID(high: 1, low: 2))""#) == true)
        #expect(denied.log.containing("security_event.lost").count == 1)
    }

    @Test func `a denial is recorded before the answer if the process may be frozen afterwards`() throws {
        for freezes in [true, false] {
            let lines = TestSupport.LogLines()
            let environment = ["DATABASE_URL": "host=127.0.0.1 port=1 user=nobody"]
            let configuration = try Configuration(.init(with: environment), access: .operatorOnly)
            var server = Server<Failing>(configuration, believesPlatform: false, log: lines.log)
            var recorded: Bool?
            server.answer(Array(#"{"text":"denial"}"#.utf8), .init(freezesAfterAnswer: freezes)) { _, _ in
                recorded = !lines.containing("security_event.lost").isEmpty
            }

            #expect(recorded == freezes)
            #expect(lines.containing("security_event.lost").count == 1)
        }
    }

    @Test func `a database error is hidden from the caller and logged completely`() throws {
        let answered = try Answered(Failing.self, #"{"text":"database"}"#)
        let body = String(decoding: answered.answer.body, as: UTF8.self)

        for word in ["127.0.0.1", "port", "refused", "hunter2", "libpq", "nobody"] { #expect(!body.contains(word)) }
        #expect(answered.log.containing("database.failed").count == 1)
        #expect(answered.log.containing("hunter2").isEmpty)
    }

    @Test func `an operator function rejects web events`() throws {
        let token = try TestFunction.token(for: subject)
        for event in [
            event(body: #"{\"text\":\"a\"}"#, token: token), #"{"body":{"text":"a"}}"#,
            #"{"headers":{"authorization":"Bearer \#(token)"},"body":{"text":"a"}}"#,
            #"{"httpMethod":"POST","requestContext":{},"body":"{}"}"#,
            #"{"httpMethod":"POST","requestContext":{"elb":{}},"body":"{}"}"#,
        ] {
            #expect(try code(of: Answered(OperatorEcho.self, event)) == "403 operator_only")
        }
        #expect(try code(of: Answered(OperatorEcho.self, input, .init(isFromWeb: true))) == "403 operator_only")
        #expect(try Answered(OperatorEcho.self, input).answer.status == 200)
    }

    // Cases: faas 71
    @Test func `a platform's request id is used if it is valid`() throws {
        let token = try TestFunction.token(for: subject)
        func requestID(_ id: String) throws -> String? {
            try Answered(event(body: #"{\"text\":\"a\"}"#, token: token, requestID: id)).body["requestId"]?.string
        }

        #expect(try requestID("JKJaXmPLvHcESHA=") == "JKJaXmPLvHcESHA=")
        for id in ["", "a b", #"a\nb"#, "é", String(repeating: "a", count: 65)] {
            #expect(try requestID(id).flatMap { UUID($0) } != nil)
        }
    }

    @Test func `the trace id is the caller's, or else the platform's`() throws {
        let token = try TestFunction.token(for: subject)
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let xray = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1"
        let platform = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=0"
        func traceID(_ headers: String, _ platform: String? = nil) throws -> String? {
            let event = #"{"headers":{"authorization":"Bearer \#(token)"\#(headers)},"body":{"text":"a"}}"#
            return try Answered(event, .init(trace: platform.flatMap { TraceContext(xray: $0) })).body["traceId"]?
                .string
        }

        #expect(try traceID(#","traceparent":"\#(traceparent)""#, platform) == "0af7651916cd43dd8448eb211c80319c")
        #expect(try traceID(#","traceparent":"nonsense""#, platform) == "67891233abcdef012345678912345678")
        #expect(try traceID(#","X-Amzn-Trace-Id":"\#(xray)""#) == "5bef4de7ad49b0e87f6ef6c87fc2e700")
        #expect(try traceID("") == nil)
    }

    @Test func `a user agent is truncated to 512 characters`() throws {
        let token = try TestFunction.token(for: subject)
        let agent = String(repeating: "é", count: 600)
        let event = #"{"headers":{"authorization":"Bearer \#(token)","user-agent":"\#(agent)"},"body":{"text":"a"}}"#

        #expect(try Answered(event).body["userAgent"]?.string?.unicodeScalars.count == 512)
    }

    private func code(of answered: Answered) throws -> String {
        let body = try answered.body
        #expect(body["status"]?.integer == answered.answer.status)
        return "\(answered.answer.status) \(body["code"]?.string ?? "")"
    }

    private func event(body: String, token: String, encoded: Bool = false, requestID: String = "r") -> String {
        """
        {"version":"2.0","requestContext":{"requestId":"\(requestID)","http":{"method":"POST","sourceIp":"192.0.2.7"}},
         "headers":{"authorization":"Bearer \(token)"},"body":"\(body)","isBase64Encoded":\(encoded)}
        """
    }
}
