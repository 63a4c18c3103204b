import Base
import Postgres
import TestSupport
import Testing

/// The endpoint for programs that are no runs, behind real web servers, called by OpenAI's own client.
@Suite struct ChatCompletionsTests {
    private let database: TestDatabase
    private let owner = TestDatabase.newSubject()
    private let team: String
    private let key: String

    init() throws {
        database = try TestDatabase()
        team = try database.makeTeam(as: owner)
        let event = #"{"name":"program","teamId":"\#(team)","scopes":["write"]}"#
        let made = try database.function("createApiKey", as: owner).run(event)
        key = try #require(try made.json()["key"]?.string)
    }

    private func environment(_ server: FaultServer) throws -> [String: String] {
        try server.answer(
            "json",
            status: 200,
            body: #"{"id":"x","model":"m","choices":[{"index":0,"finish_reason":"stop","message":"#
                + #"{"role":"assistant","content":"{\"sum\":4}"}}],"usage":{"prompt_tokens":9,"completion_tokens":5}}"#
        )
        return [
            "OPENAI_BASE_URL": server.openAI, "OPENAI_API_KEY": "sk-of-the-tests-0123456789",
            "OPENAI_MODEL": "gpt-4.1", "NOFX_AI_IDLE_MS": "2000", "NOFX_RETRY_MAX": "0",
            "NOFX_BREAKER_FAILURE_THRESHOLD": "1000", "LOG_LEVEL": "error",
        ]
    }

    @Test(arguments: ["nginx-fastcgi", "lighttpd-fastcgi", "lighttpd-cgi"])
    func `OpenAI's own client gets answers, streams and errors as it expects them`(kind: String) throws {
        try FaultServer.run { server in
            let nofx = TestFunction("nofx", database: database.url, environment: try environment(server))
            let variables = nofx.environment.map { "\($0.key)=\($0.value)" }
            let program = "\(Subprocess.buildFolder)/nofx"
            try PythonServer.run("web_server.py", [kind, program] + variables) { web in
                let streams = kind == "nginx-fastcgi" ? ["--streams"] : []
                let outcome = try PythonScript.run(
                    "chat_client.py",
                    ["http://127.0.0.1:\(web.port)/v1", key] + streams,
                    by: .clients
                )
                #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
            }
            #expect(try database.value("SELECT count(*) FROM nofx.ai_attempts WHERE team_id::text <> \(team)") == 0)
            // The attempt whose client left goes on until its provider has been silent for too long.
            try Poll.until {
                try database.value("SELECT count(*) FROM nofx.ai_attempts WHERE outcome = 'begun'", as: Int.self) == 0
            }
            let attempts = try database.value("SELECT count(*) FROM nofx.ai_attempts", as: Int.self)
            #expect(try attempts == server.requests().count)
        }
    }

    @Test func `the API of Lambda and standard input get the same answers, a stream as one body`() throws {
        try FaultServer.run { server in
            let environment = try environment(server)
            for front in Front.withDatabase where ["lambda", "stdin"].contains(front.name) {
                try front.run(database, environment: environment) { send, _ in
                    func ask(_ body: String, path: String = "/chatCompletions") throws -> Front.Response {
                        try send(Front.Request(path, body, [("Authorization", "Bearer \(key)")]))
                    }
                    let question = #""model":"openai/gpt-4.1","messages":[{"role":"user","content":"Hi"}]"#
                    let whole = try ask("{\(question)}")
                    #expect(whole.status == 200)
                    let json = try JSONDocument(parsing: whole.body).root
                    #expect(json["object"]?.string == "chat.completion")
                    let streamed = try ask(#"{"stream":true,\#(question)}"#)
                    #expect(streamed.status == 200)
                    let text = String(decoding: streamed.body, as: UTF8.self)
                    #expect(text.hasPrefix("data: {") && text.hasSuffix("data: [DONE]\n\n"))
                    let refused = try ask(#"{"model":"openai/gpt-4.1","messages":[]}"#)
                    #expect(refused.status == 400)
                    let error = try JSONDocument(parsing: refused.body).root["error"]
                    #expect(error?["type"]?.string == "invalid_request_error")
                    #expect(error?["param"]?.string == "messages")
                    if front.name == "lambda" {
                        #expect(try ask("{\(question)}", path: "/v1/chat/completions").status == 200)
                    }
                }
            }
        }
    }

    @Test func `the team's budget, limits, policy and the caller's permission hold`() throws {
        try FaultServer.run { server in
            let environment = try environment(server)
            let question = #""model":"openai/gpt-4.1","messages":[{"role":"user","content":"Hi"}]"#
            func ask(_ body: String, _ token: String, _ more: [String: String] = [:]) throws -> String {
                let function = TestFunction(
                    "chatCompletions",
                    database: database.url,
                    token: token,
                    environment: environment.merging(more) { $1 }
                )
                let outcome = try function.run(body)
                let json = try outcome.json()
                return json["error"]?["code"]?.string ?? json["object"]?.string ?? outcome.output
            }
            let session = try TestFunction.token(for: owner)
            #expect(try ask("{\(question)}", key) == "chat.completion")
            #expect(try ask("{\(question)}", session) == "team_required")
            #expect(try ask(#"{"teamId":"\#(team)",\#(question)}"#, session) == "chat.completion")
            let stranger = try TestFunction.token(for: TestDatabase.newSubject())
            #expect(try ask(#"{"teamId":"\#(team)",\#(question)}"#, stranger) == "team_not_found")
            #expect(try ask("{\(question)}", key, ["NOFX_DEFAULT_TOOLS": "test:echo"]) == "policy_denied")
            let reading = try database.function("createApiKey", as: owner).run(
                #"{"name":"reader","teamId":"\#(team)","scopes":["read"]}"#
            )
            #expect(try ask("{\(question)}", try #require(try reading.json()["key"]?.string)) == "insufficient_scope")
            #expect(try ask("{\(question)}", key, ["NOFX_AI_DAILY_BUDGET_USD": "0"]) == "insufficient_quota")
            let unpriced = question.replacing("gpt-4.1", with: "nobody-knows-1")
            #expect(try ask("{\(unpriced)}", key, ["NOFX_AI_DAILY_BUDGET_USD": "5"]) == "ai_model_unpriced")
            #expect(
                try ask("{\(unpriced)}", key, ["NOFX_AI_DAILY_BUDGET_USD": "5", "NOFX_AI_UNPRICED": "allow"])
                    == "chat.completion"
            )
            try database.rows(
                """
                INSERT INTO nofx.ai_limits (team_id, model, requests_per_minute)
                SELECT id, 'openai/*', 1 FROM nofx.teams
                """
            )
            #expect(try ask("{\(question)}", key) == "chat.completion")
            #expect(try ask("{\(question)}", key) == "rate_limit_exceeded")
            let asked = try server.requests().count
            #expect(try database.value("SELECT count(*) FROM nofx.ai_attempts", as: Int.self) == asked)
            #expect(asked == 4)
        }
    }
}
