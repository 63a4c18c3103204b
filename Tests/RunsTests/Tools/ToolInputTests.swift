import Base
import Core
import Testing

@testable import Runs

@Suite struct ToolInputTests {
    @Test func `a prompt is the only required input of a model`() throws {
        let inputs = try GenerateInputs(#"{"prompt":" Say\n\thello. "}"#)
        #expect(inputs.prompt == " Say\n\thello. ")
        #expect(inputs.maxTokens == 4_096)
        #expect(!inputs.allowPartial)
        #expect(inputs.model == nil && inputs.schema == nil && inputs.providers == nil && inputs.filename == nil)
    }

    @Test(arguments: [
        ("{}", ["prompt required"]), (#"{"prompt":" \n"}"#, ["prompt too_short"]),
        (
            #"{"prompt":"a","maxTokens":0,"filename":"../x","providers":[],"schema":[],"zoom":1}"#,
            [
                "filename invalid_format", "maxTokens out_of_range", "providers too_short", "schema invalid_type",
                "zoom unknown_field",
            ]
        ),
        (#"{"prompt":"a","providers":["openai","openai"]}"#, ["providers duplicate"]),
        (#"{"prompt":{"text":"a"}}"#, ["prompt invalid_type"]),
        (#"{"prompt":"a","models":[]}"#, ["models too_short"]),
        (#"{"prompt":"a","models":["gpt-4o"]}"#, ["models[0] invalid_type"]),
        (#"{"prompt":"a","models":[{"model":"m"}]}"#, ["models[0].provider required"]),
        (#"{"prompt":"a","models":[{"provider":"p","weight":1}]}"#, ["models[0].weight unknown_field"]),
        (#"{"prompt":"a","models":[{"provider":"p"},{"provider":"p"}]}"#, ["models duplicate"]),
        (#"{"prompt":"a","models":[{"provider":"p"}],"model":"m"}"#, ["models invalid_format"]),
        (#"{"prompt":"a","models":[{"provider":"p"}],"providers":["p"]}"#, ["models invalid_format"]),
        (#"{"prompt":"a","route":"fast","models":[{"provider":"p"}]}"#, ["route invalid_format"]),
        (#"{"prompt":"a","route":"fast","model":"m"}"#, ["route invalid_format"]),
        (#"{"prompt":"a","route":"fast","providers":["p"]}"#, ["route invalid_format"]),
        (#"{"prompt":"a","route":"Fast"}"#, ["route invalid_format"]),
    ])
    func `an invalid request to a model is rejected`(_ json: String, _ expected: [String]) {
        #expect(violations(GenerateInputs.self, json) == expected)
    }

    @Test func `a request is a GET by default`() throws {
        let inputs = try HTTPRequestInputs(#"{"url":"https://example.com/a?b#c"}"#)
        #expect(inputs.method == .get)
        #expect(inputs.url.description == "https://example.com/a?b#c")
        #expect(inputs.headers.isEmpty && inputs.body == nil)
        #expect(inputs.maxBytes == 262_144)
        #expect([199, 200, 299, 300].map(inputs.expects) == [false, true, true, false])
    }

    @Test func `a string body is sent unchanged, and any other value as JSON`() throws {
        func body(_ json: String) throws -> String {
            switch try HTTPRequestInputs(#"{"method":"POST","url":"http://a","body":\#(json)}"#).body {
            case .text(let text): "text \(text)"
            case .json(let json): "json \(json)"
            case nil: "none"
            }
        }
        #expect(try body(#""a\n""#) == "text a\n")
        #expect(try body(#"{"a": 1}"#) == #"json {"a": 1}"#)
        #expect(try body("false") == "json false")
        #expect(try body("null") == "none")
    }

    @Test(arguments: [
        (#""url":"ftp://a""#, ["url invalid_format"]), (#""url":"https://""#, ["url invalid_format"]),
        (#""url":"https://:80/""#, ["url invalid_format"]), (#""url":"https://a:b@c/""#, ["url invalid_format"]),
        (#""url":"https://a b""#, ["url invalid_characters"]), (#""url":"https://é""#, ["url invalid_characters"]),
        (#""url":"https://a\\@b""#, ["url invalid_characters"]), (#""url":"//a""#, ["url invalid_format"]),
        (#""url":"file:///etc/passwd""#, ["url invalid_format"]),
        (#""url":"https://a","method":"get""#, ["method invalid_enum"]),
        (#""url":"https://a","method":"TRACE""#, ["method invalid_enum"]),
        (#""url":"https://a","body":1"#, ["body invalid_format"]),
        (#""url":"https://a","expectedStatus":[99,200]"#, ["expectedStatus[0] out_of_range"]),
        (#""url":"https://a","maxBytes":1048577"#, ["maxBytes out_of_range"]),
        (
            #""url":"https://a","headers":{"Host":"b","idempotency-KEY":"c","Content-Length":"1","transfer-encoding":"x"}"#,
            [
                "headers.Content-Length invalid_format", "headers.Host invalid_format",
                "headers.idempotency-KEY invalid_format", "headers.transfer-encoding invalid_format",
            ]
        ),
        (
            #""url":"https://a","headers":{"a":"b\r\nc: d","e f":"","g":7,"h":"1","H":"2"}"#,
            [
                "headers.H duplicate", "headers.a invalid_characters", "headers.e f invalid_characters",
                "headers.g invalid_type",
            ]
        ),
    ])
    func `a request with an ambiguous header, body or URL is rejected`(_ members: String, _ expected: [String]) {
        #expect(violations(HTTPRequestInputs.self, "{\(members)}") == expected)
    }

    @Test func `an artifact has text or bytes, and the content type of its name`() throws {
        let text = try WriteArtifactInputs(#"{"name":"a.md","content":"é"}"#)
        #expect(text.content == [0xC3, 0xA9])
        #expect(text.contentType.description == "text/markdown; charset=utf-8")
        let bytes = try WriteArtifactInputs(#"{"name":"a.md","contentBase64":"AP8=","contentType":"x/y"}"#)
        #expect(bytes.content == [0, 255])
        #expect(bytes.contentType.description == "x/y")
    }

    @Test(arguments: [
        (#"{"name":"a"}"#, [" required"]), (#"{"name":"a","content":"","contentBase64":""}"#, [" required"]),
        (#"{"name":"a","contentBase64":"AP8"}"#, ["contentBase64 invalid_format"]),
        (#"{"name":"/a","content":"","contentType":"x"}"#, ["contentType invalid_format", "name invalid_format"]),
    ])
    func `an artifact without a name or without exactly one content is rejected`(_ json: String, _ expected: [String]) {
        #expect(violations(WriteArtifactInputs.self, json) == expected)
    }

    @Test(arguments: [
        ("{}", [" required"]), (#"{"seconds":1,"until":"2026-01-31T12:00:00Z"}"#, [" required"]),
        (#"{"seconds":-1}"#, ["seconds out_of_range"]), (#"{"seconds":2592001}"#, ["seconds out_of_range"]),
        (#"{"until":"tomorrow"}"#, ["until invalid_format"]), (#"{"seconds":0}"#, []),
        (#"{"until":"2026-01-31T12:00:00Z"}"#, []), (#"{"until":"9999-12-31T23:59:59Z"}"#, ["until out_of_range"]),
        (#"{"until":"\#(Timestamp.now() + .seconds(366 * 86_400 - 60))"}"#, []),
        (#"{"until":"\#(Timestamp.now() + .seconds(367 * 86_400))"}"#, ["until out_of_range"]),
    ])
    func `a wait has either a time or a duration`(_ json: String, _ expected: [String]) {
        #expect(violations(WaitInputs.self, json) == expected)
    }

    @Test func `an echo accepts any input and an optional delay`() throws {
        let inputs = try EchoInputs(#"{"a":[1, {"b":null}],"delaySeconds":1.5}"#)
        #expect(inputs.all.description == #"{"a":[1, {"b":null}],"delaySeconds":1.5}"#)
        #expect(inputs.delay == .milliseconds(1_500))
        #expect(try EchoInputs("{}").delay == .zero)
        #expect(violations(EchoInputs.self, #"{"delaySeconds":3601}"#) == ["delaySeconds out_of_range"])
        #expect(violations(EchoInputs.self, #"{"delaySeconds":-1}"#) == ["delaySeconds out_of_range"])
        #expect(violations(EchoInputs.self, #"{"delaySeconds":"1"}"#) == ["delaySeconds invalid_type"])
        #expect(violations(EchoInputs.self, "[]") == [" invalid_type"])
    }

    @Test func `a failing step fails for its configured number of attempts`() throws {
        let always = try FailInputs("{}")
        #expect((1...9).allSatisfy { always.failure(ofAttempt: $0)?.code == "test_failed" })
        #expect(always.failure(ofAttempt: 1)?.retry == .never)
        let twice = try FailInputs(
            #"{"code":"no_luck","message":"No.","retryable":true,"attempts":2,"delaySeconds":0.25}"#
        )
        #expect(twice.failure(ofAttempt: 2) == StepFailure("no_luck", "No.", retry: .later))
        #expect(twice.failure(ofAttempt: 3) == nil)
        #expect(twice.delay == .milliseconds(250))
        #expect(violations(FailInputs.self, #"{"code":"No"}"#) == ["code invalid_format"])
    }

    @Test func `a gate waits for a manager of the team unless it names a role`() throws {
        let gate = try GateInputs("{}")
        #expect(
            gate.role == nil && gate.allowsWaiver && !gate.needsFourEyes && gate.expiresIn == nil && gate.message == nil
        )
        let other = try GateInputs(
            #"{"role":"viewer","allowWaive":false,"fourEyes":true,"expiresInSeconds":60,"message":"Go?\nNow?"}"#
        )
        #expect(other.role == .viewer && !other.allowsWaiver && other.needsFourEyes)
        #expect(other.expiresIn == .seconds(60) && other.message == "Go?\nNow?")
        #expect(
            violations(GateInputs.self, #"{"role":"boss","expiresInSeconds":0,"message":""}"#)
                == ["expiresInSeconds out_of_range", "message too_short", "role invalid_enum"]
        )
    }

    @Test func `a violation in a step's inputs names the field and omits its value`() throws {
        let failure = #expect(throws: StepFailure.self) {
            try HTTPRequestInputs(stepInputs: JSONText(#"{"url":"ftp://hidden","zoom":1}"#))
        }
        #expect(failure?.code == "invalid_inputs")
        #expect(failure?.retry == .never)
        #expect(failure?.message.contains("url must begin with") == true)
        #expect(failure?.message.contains("hidden") == false)
        #expect(throws: StepFailure.self) { try EchoInputs(stepInputs: JSONText("{")) }
    }
}
