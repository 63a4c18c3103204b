import Base
import Testing

@testable import FunctionRuntime

/// The recognized form of an event, and the values read from it.
struct EventDecoderTests {
    @Test func `an HTTP API event has a method, headers, a body, an address and a request id`() throws {
        let request = try decode(
            """
            {"version":"2.0","routeKey":"POST /createTeam","rawPath":"/createTeam","rawQueryString":"",
             "headers":{"Authorization":"Bearer t","content-type":"application/json"},"cookies":["a=b"],
             "requestContext":{"requestId":"JKJaXmPLvHcESHA=","stage":"$default",
                 "http":{"method":"POST","path":"/createTeam","sourceIp":"192.0.2.7","userAgent":"x"},
                 "authorizer":{"jwt":{"claims":{"sub":"s"},"scopes":null}}},
             "body":"{\\"name\\":\\"Acme\\"}","isBase64Encoded":false}
            """
        )

        #expect(request.form == .apiGatewayV2)
        #expect(request.method == "POST")
        #expect(request.headers["authorization"] == "Bearer t")
        #expect(request.sourceIP == "192.0.2.7")
        #expect(request.platformRequestID == "JKJaXmPLvHcESHA=")
        #expect(request.authorizerClaims?["sub"]?.string == "s")
        #expect(try request.input()["name"]?.string == "Acme")
    }

    // Cases: faas 31
    @Test func `a function URL event has a base64 body`() throws {
        let request = try decode(
            """
            {"version":"2.0","requestContext":{"accountId":"anonymous","domainName":"x.lambda-url.eu.on.aws",
                 "http":{"method":"POST","sourceIp":"192.0.2.7"},"requestId":"r"},
             "headers":{},"body":"eyJuYW1lIjoiQWNtZSJ9","isBase64Encoded":true}
            """
        )

        #expect(request.form == .apiGatewayV2)
        #expect(try request.input()["name"]?.string == "Acme")
    }

    // Cases: faas 23
    @Test func `an HTTP API event may omit or null all optional members`() throws {
        for members in ["", #","headers":null,"body":null,"cookies":null,"isBase64Encoded":null"#] {
            let request = try decode(#"{"version":"2.0","requestContext":{"http":{"method":"POST"}}\#(members)}"#)

            #expect(request.form == .apiGatewayV2)
            #expect(request.headers.values(of: "authorization").isEmpty)
            #expect(throws: Problem.self) { try request.input() }
        }
    }

    // Cases: faas 30
    @Test func `a value with a comma is one value`() throws {
        let date = "Wed, 21 Oct 2015 07:28:00 GMT"
        let event = """
            {"version":"2.0","headers":{"if-modified-since":"\(date)"},"requestContext":{"http":{"method":"POST"}}}
            """
        let request = try EventDecoder.decode(JSONDocument(parsing: Array(event.utf8)).root)
        #expect(request.headers.values(of: "if-modified-since") == [date])
    }

    // Cases: faas 24
    @Test func `a REST API event is read from its lists of headers`() throws {
        let request = try decode(
            """
            {"resource":"/createTeam","httpMethod":"POST","headers":{"Authorization":"Bearer last","X-Dup":"2"},
             "multiValueHeaders":{"Authorization":["Bearer t"],"X-Dup":["1","2"]},
             "requestContext":{"requestId":"r","identity":{"sourceIp":"192.0.2.7"}},
             "body":"eyJuYW1lIjoiQWNtZSJ9","isBase64Encoded":true}
            """
        )

        #expect(request.form == .apiGatewayV1)
        #expect(request.headers["authorization"] == "Bearer t")
        #expect(request.headers.values(of: "x-dup") == ["1", "2"])
        #expect(request.headers["x-dup"] == nil)
        #expect(request.sourceIP == "192.0.2.7")
        #expect(request.platformRequestID == "r")
        #expect(try request.input()["name"]?.string == "Acme")
    }

    @Test func `a REST API event without lists of headers is read from the headers`() throws {
        for lists in ["", #""multiValueHeaders":null,"#] {
            let request = try decode(
                #"{"httpMethod":"POST",\#(lists)"headers":{"Authorization":"Bearer t"},"requestContext":{},"body":"{}"}"#
            )

            #expect(request.form == .apiGatewayV1)
            #expect(request.headers["authorization"] == "Bearer t")
        }
    }

    @Test func `a load balancer event shows the shape that its answer's headers need`() throws {
        let context = #""requestContext":{"elb":{"targetGroupArn":"arn:aws:x"}},"httpMethod":"POST","body":"{}""#
        let single = try decode(#"{\#(context),"headers":{"x-forwarded-for":"203.0.113.66, 192.0.2.7"}}"#)
        let multiple = try decode(
            #"{\#(context),"multiValueHeaders":{"x-forwarded-for":["203.0.113.66","198.51.100.1 , 192.0.2.7 "]}}"#
        )

        #expect(single.form == .loadBalancer(multiValue: false))
        #expect(multiple.form == .loadBalancer(multiValue: true))
        // The last address is the one that the load balancer itself saw.
        #expect(single.sourceIP == "192.0.2.7")
        #expect(multiple.sourceIP == "192.0.2.7")
    }

    // Cases: faas 29
    @Test func `a health check of a load balancer is a request without headers`() throws {
        let request = try decode(
            #"{"requestContext":{"elb":{}},"httpMethod":"GET","path":"/","headers":{"user-agent":"ELB-HealthChecker/2.0"}}"#
        )

        #expect(request.form == .loadBalancer(multiValue: false))
        #expect(request.method == "GET")
        #expect(request.sourceIP == nil)
    }

    @Test(arguments: [
        #"{"body":{"name":"Acme"}}"#, #"{"headers":null,"body":{"name":"Acme"}}"#,
        #"{"headers":{},"body":"{\"name\":\"Acme\"}"}"#,
        #"{"body":{"name":"Acme"},"idempotencyKey":null,"headers":{}}"#,
    ])
    func `an object with headers and a body is an envelope`(event: String) throws {
        let request = try decode(event)

        #expect(request.form == .envelope)
        #expect(try request.input()["name"]?.string == "Acme")
    }

    @Test(arguments: [#"{"headers":[],"body":{}}"#, #"{"headers":{"a":1},"body":{}}"#, #"{"headers":"x","body":{}}"#])
    func `an envelope whose headers are not strings is rejected`(event: String) {
        #expect { try decode(event) } throws: { ($0 as? Problem)?.status == 400 }
    }

    @Test func `an envelope's idempotency key equals the header`() throws {
        let request = try decode(#"{"body":{},"idempotencyKey":"k"}"#)
        #expect(try IdempotencyKey.find(in: request.headers) == "k")
        #expect(try IdempotencyKey.find(in: try decode(#"{"body":{}}"#).headers) == nil)
        #expect { try decode(#"{"body":{},"idempotencyKey":1}"#) } throws: { ($0 as? Problem)?.status == 400 }
    }

    @Test(arguments: [
        "null", "1", "[]", #""text""#, "{}", #"{"name":"Acme"}"#, #"{"headers":{}}"#, #"{"Body":{}}"#,
        #"{"body":{},"name":"Acme"}"#, #"{"version":"2.0","headers":{},"body":"{}"}"#,
        #"{"version":"2.0","requestContext":{"routeKey":"x"},"body":"{}"}"#,
        #"{"version":"2.0","requestContext":"http","body":"{}"}"#,
        #"{"requestContext":{"http":{"method":"POST"}},"body":"{}"}"#,
        #"{"httpMethod":"POST","headers":{},"body":"{}"}"#, #"{"requestContext":{"elb":{}},"body":"{}"}"#,
        #"{"requestContext":[],"httpMethod":"POST","body":"{}"}"#, #"{"Records":[]}"#,
    ])
    func `an input that only resembles a platform's event is a direct input`(event: String) throws {
        let request = try decode(event)

        #expect(request.form == .direct)
        #expect(try request.input().text.bytes == Array(event.utf8))
        #expect(request.headers.values(of: "authorization").isEmpty)
    }

    @Test func `an event inside a body is not decoded`() throws {
        let inner =
            #"{\"version\":\"2.0\",\"requestContext\":{\"http\":{\"method\":\"POST\"}},\"headers\":{\"authorization\":\"Bearer x\"}}"#
        let request = try decode(#"{"headers":{},"body":"\#(inner)"}"#)

        #expect(request.form == .envelope)
        #expect(request.headers.values(of: "authorization").isEmpty)
        #expect(request.authorizerClaims == nil)
    }

    // Cases: faas 33
    @Test(arguments: ["!!", "e30", "e30=\\n", "eyJhIjoi_-8ifQ==", "e31="])
    func `an invalid base64 body is malformed, in the event's own form`(
        text: String
    ) throws {
        let request = try decode(
            #"{"version":"2.0","requestContext":{"http":{"method":"POST"}},"body":"\#(text)","isBase64Encoded":true}"#
        )

        #expect(request.form == .apiGatewayV2)
        #expect { try request.input() } throws: { ($0 as? Problem)?.code == "malformed_json" }
    }

    @Test func `header names are matched regardless of ASCII case`() {
        var headers = Headers()
        headers.add("X-API-KEY", "1")
        headers.add("x-api-\u{212A}ey", "2")

        #expect(headers.values(of: "x-api-key") == ["1"])
        #expect(headers["x-api-key"] == "1")
        #expect(headers["authorization"] == nil)
    }

    private func decode(_ event: String) throws -> Request {
        try EventDecoder.decode(JSONDocument(parsing: Array(event.utf8)).root)
    }
}
