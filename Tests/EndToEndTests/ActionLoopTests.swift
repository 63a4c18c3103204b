import Base
import Postgres
import TestSupport
import Testing

/// The program as an action of OpenWhisk, line by line.
struct ActionLoopTests {
    private func action(
        _ database: TestDatabase,
        _ more: [String: String] = [:],
        url: String? = nil
    ) throws -> ActionLoopProcess {
        try ActionLoopProcess(TestFunction("nofx", database: url ?? database.url), more)
    }

    private func web(_ members: String, method: String = "post", path: String = "/createTeam") -> String {
        #"{"value":{"__ow_method":"\#(method)","__ow_headers":{},"__ow_path":"\#(path)"\#(members)}}"#
    }

    // Cases: faas 51, 52
    @Test func `a proxy that waits for a start is told, and another is not`() throws {
        let database = try TestDatabase.untouched()
        let waited = try action(database, ["__OW_WAIT_FOR_ACK": "1"])
        #expect(waited.readLine() == #"{"ok":true}"#)
        #expect(try waited.send(web("", method: "get", path: "/healthz"))["body"]?["status"]?.string == "ok")
        let other = try action(database)
        #expect(try other.send(web("", method: "get", path: "/healthz"))["statusCode"]?.integer == 200)
    }

    // Cases: faas 53
    @Test func `without the descriptor for answers the program says so`() throws {
        let environment = ["__OW_EXECUTION_ENV": "openwhisk/action-golang"]
        let outcome = try TestFunction("createTeam", database: "user=u", environment: environment).run("{}")
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(try outcome.log("actionloop.failed").first?["error"]?.string?.contains("descriptor 3") == true)
    }

    // Cases: faas 54, 55
    @Test func `a line that is no activation has an answer in one line, and the next is served`() throws {
        let action = try action(TestDatabase.untouched())
        for line in ["", "garbage", "{", "[]", "null", "{}", #"{"value":{"a":1,"a":2}}"#, "\u{FEFF}{}"] {
            #expect(try action.send(line)["error"]?["code"]?.string == "malformed_json", "\(line)")
        }
        let depth = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(try action.send(#"{"value":\#(depth)}"#)["error"]?["code"]?.string == "malformed_json")
        let escapes = #"{"value":{"name":"a\n\u2028\r\"b"},"action_name":"/guest/createTeam"}"#
        #expect(try action.send(escapes)["error"]?["code"]?.string == "unauthenticated")
        #expect(try action.send(web("", method: "get", path: "/healthz"))["statusCode"]?.integer == 200)
    }

    // Cases: faas 56
    @Test func `a body is base64 unless its type is text, and bad base64 is a client's error`() throws {
        let database = try TestDatabase()
        let token = "Bearer \(try TestFunction.token(for: TestDatabase.newSubject()))"
        let action = try action(database)
        func send(_ body: String, _ type: String) throws -> JSONValue {
            let headers = #"{"authorization":"\#(token)","content-type":"\#(type)"}"#
            let value =
                #"{"__ow_method":"post","__ow_path":"/createTeam","__ow_headers":\#(headers),"__ow_body":\#(body)}"#
            return try action.send(#"{"value":\#(value)}"#)
        }
        let encoded = Base64.encode(Array(#"{"name":"Acme"}"#.utf8))
        #expect(try send(#""\#(encoded)""#, "application/json")["statusCode"]?.integer == 201)
        #expect(try send(#""{\"name\":\"Acme\"}""#, "text/plain")["statusCode"]?.integer == 201)
        for body in [#""!!""#, #""e30""#, #""e3 0=""#, #""e30_""#] {
            let answer = try send(body, "application/json")
            #expect(answer["statusCode"]?.integer == 400, "\(body)")
            #expect(answer["body"]?["code"]?.string == "malformed_json")
        }
        #expect(try send("[1]", "application/json")["body"]?["code"]?.string == "validation_failed")
    }

    // Cases: faas 60
    @Test func `a direct invocation starts operators' endpoints, and a web action does not`() throws {
        let database = try TestDatabase()
        let action = try action(database, url: database.operatorURL)
        let purged = try action.send(#"{"value":{},"action_name":"/guest/tools/purge"}"#)
        #expect(purged["runs"]?.integer == 0)
        let user = #""__ow_user":"admin""#
        let web = try action.send(web(",\(user)", path: "/purge"))
        #expect(web["body"]?["code"]?.string == "operator_only")
        // The name of a user in the parameters proves nothing.
        let forged = #"{"value":{\#(user),"name":"Acme"},"action_name":"/guest/createTeam"}"#
        #expect(try action.send(forged)["error"]?["code"]?.string == "unauthenticated")
        let event = #"{"value":{"specversion":"1.0","id":"1","source":"/s","type":"t"},"action_name":"purge"}"#
        #expect(try action.send(event)["runs"]?.integer == 0)
        #expect(try action.send(#"{"value":{}}"#)["error"]?["code"]?.string == "endpoint_not_found")
    }

    @Test func `an envelope brings a credential, and its answer is the endpoint's`() throws {
        let database = try TestDatabase()
        let token = try TestFunction.token(for: TestDatabase.newSubject())
        let event = Events.envelope(#"{"name":"Acme"}"#, headers: ["authorization": "Bearer \(token)"])
        let action = try action(database, ["NOFX_TOKEN": token])
        let made = try action.send(#"{"value":\#(event),"action_name":"/guest/createTeam"}"#)
        #expect(made["name"]?.string == "Acme")
        let own = try action.send(#"{"value":{"name":"Acme"},"action_name":"/guest/createTeam"}"#)
        #expect(own["error"]?["code"]?.string == "unauthenticated")
    }

    // Cases: faas 59
    @Test func `megabytes of parameters are answered, and the deadline counts`() throws {
        let database = try TestDatabase()
        let action = try action(database)
        for mebibytes in [1, 3, 9] {
            let text = String(repeating: "x", count: mebibytes << 20)
            let answer = try action.send(#"{"value":{"name":"\#(text)"},"action_name":"/guest/createTeam"}"#)
            #expect(answer["error"]?["code"]?.string == "payload_too_large")
        }
        let token = try TestFunction.token(for: TestDatabase.newSubject())
        let event = Events.envelope(#"{"name":"Acme"}"#, headers: ["authorization": "Bearer \(token)"])
        let past = Timestamp.now().secondsSince1970 * 1_000 + 1
        for (deadline, code) in [
            ("\(past)", "timeout"), (#""\#(past)""#, "timeout"), (#""soon""#, nil), ("-1", nil), ("1e300", nil),
        ] {
            let line = #"{"value":\#(event),"action_name":"/guest/createTeam","deadline":\#(deadline)}"#
            let answer = try action.send(line)
            let found = answer["error"]?["code"]?.string
            #expect(found == code || code != nil && found == "unavailable", "\(deadline): \(answer.text)")
        }
    }
}
