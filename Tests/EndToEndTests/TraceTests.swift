import Base
import Glibc
import Postgres
import TestSupport
import Testing

/// Spans in a real collector: one trace through all parts, and collectors that fail.
struct TraceTests {
    private let trace = "0af7651916cd43dd8448eb211c80319c"
    private let secret = "sk-a-key-that-nothing-may-show"

    @Test(arguments: ["lighttpd-fastcgi", "lighttpd-cgi"])
    func `one trace goes from HTTP through the worker to the provider and the webhook`(kind: String) throws {
        let database = try TestDatabase()
        let owner = TestDatabase.newSubject()
        let team = try database.makeTeam(as: owner)
        try TraceCollector.run { collector in
            try FaultServer.run { provider in
                try WebhookReceiver.run { receiver in
                    let exports = [
                        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url(), "OTEL_EXPORTER_OTLP_TIMEOUT": "30000",
                        "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20key", "OTEL_RESOURCE_ATTRIBUTES": "team=core",
                    ]
                    let made = try database.function(
                        "createWebhook",
                        as: owner,
                        environment: ["NOFX_WEBHOOK_ALLOW_HTTP": "1"]
                    ).run(#"{"teamId":"\#(team)","url":"\#(receiver.url("/200/a"))","events":["run.succeeded"]}"#)
                    #expect(made.status == 0, "\(made)")
                    let steps = [
                        #"{"name":"ask","tool":"ai:generate","inputs":{"prompt":"a private question","maxTokens":9}}"#,
                        #"{"name":"tell","tool":"http:request","dependsOn":["ask"],"inputs":{"url":"\#(receiver.url("/200/b"))"}}"#,
                    ]
                    let plan = #"{"goal":"Trace","steps":[\#(steps.joined(separator: ","))]}"#
                    try post(
                        "startRun",
                        #"{"teamId":"\#(team)","plan":\#(plan)}"#,
                        to: kind,
                        of: database,
                        owner,
                        exports
                    )
                    let worker = exports.merging([
                        "OPENAI_BASE_URL": provider.openAI, "OPENAI_MODEL": "any", "OPENAI_API_KEY": secret,
                        "NOFX_HTTP_ALLOW": "127.0.0.0/8",
                    ]) { $1 }
                    let worked = try database.runWorker(worker).run("{}")
                    #expect(try worked.json()["succeeded"]?.integer == 2, "\(worked)")
                    let sent = try TestFunction("deliverOutbox", database: database.operatorURL, environment: worker)
                        .run("{}")
                    #expect(try sent.json()["delivered"]?.integer == 1, "\(sent)")
                    try Poll.until { try collector.spans(of: trace).contains { $0.name == "startRun" } }
                    print(try collector.tree(of: trace))
                    try check(collector, provider, receiver)
                }
            }
        }
    }

    /// Sends a request through a web server, as part of a trace.
    private func post(
        _ endpoint: String,
        _ body: String,
        to kind: String,
        of database: TestDatabase,
        _ owner: String,
        _ environment: [String: String]
    ) throws {
        let variables = TestFunction("nofx", database: database.url, environment: environment).environment
        let program = "\(Subprocess.buildFolder)/nofx"
        try PythonServer.run("web_server.py", [kind, program] + variables.map { "\($0)=\($1)" }) { server in
            let headers = [
                "Authorization: Bearer \(try TestFunction.token(for: owner))",
                "traceparent: 00-\(trace)-b7ad6b7169203331-01", "tracestate: vendor=opaque",
            ]
            let outcome = try Subprocess(
                "curl",
                ["-s", "-m", "60", "--data-binary", "@-"] + headers.flatMap { ["-H", $0] }
                    + ["http://127.0.0.1:\(server.port)/\(endpoint)"],
                environment: ["PATH": "/usr/bin:/bin"]
            ).finish(Array(body.utf8))
            #expect(outcome.output.contains(#""runId":"#), "\(outcome)")
        }
    }

    private func check(_ collector: TraceCollector, _ provider: FaultServer, _ receiver: WebhookReceiver) throws {
        let spans = try collector.spans(of: trace)
        let start = try #require(spans.first { $0.name == "startRun" })
        #expect((start.kind, start.parent, start.state) == ("SERVER", "b7ad6b7169203331", "vendor=opaque"))
        #expect(start.attributes["http.response.status_code"] == "201")
        #expect((start.service["service.name"], start.service["team"], start.key) == ("nofx", "core", "a key"))
        #expect(spans.contains { $0.name == "database transaction" && $0.parent == start.id })

        let steps = spans.filter { $0.name == "step" }
        #expect(steps.map { $0.attributes["nofx.tool"] } == ["ai:generate", "http:request"])
        let worker = try #require(try collector.spans().first { $0.name == "runWorker" })
        #expect(steps.allSatisfy { $0.parent == start.id && $0.links == [worker.id] && $0.kind == "CONSUMER" })
        #expect(worker.trace != trace)

        let chat = try #require(spans.first { $0.name == "chat" })
        #expect(chat.parent == steps.first?.id)
        #expect(
            (chat.attributes["gen_ai.usage.output_tokens"], chat.attributes["gen_ai.provider.name"]) == ("7", "openai")
        )
        let asked = try #require(try provider.requests().first)
        #expect(asked.values(of: "traceparent") == ["00-\(trace)-\(chat.id)-01"])
        #expect(asked.values(of: "tracestate") == ["vendor=opaque"])
        let xray = "Root=1-0af76519-16cd43dd8448eb211c80319c"
        #expect(asked.values(of: "x-amzn-trace-id") == ["\(xray);Parent=\(chat.id);Sampled=1"])

        let request = try #require(spans.first { $0.name == "http request" })
        #expect(request.parent == steps.last?.id)
        let told = try #require(try receiver.messages("/200/b").first)
        #expect((told.trace, told.traceState) == ("00-\(trace)-\(request.id)-01", ""))

        let webhook = try #require(spans.first { $0.name == "webhook" })
        #expect(webhook.parent == start.id)
        let message = try #require(try receiver.messages("/200/a").first)
        #expect((message.trace, message.traceState) == ("00-\(trace)-\(webhook.id)-01", ""))
        #expect(message.xray == "\(xray);Parent=\(webhook.id);Sampled=1")

        let values = try collector.spans().flatMap { $0.attributes.values }
        for text in [secret, "private", "127.0.0.1"] { #expect(!values.contains { $0.contains(text) }) }
    }

    @Test(arguments: ["/hang", "/status/500", "/nowhere", "refuses"])
    func `a collector that does not take spans fails no call and costs its budget at most`(path: String) throws {
        let database = try TestDatabase()
        try TraceCollector.run { collector in
            let isSlow = path == "/hang"
            let function = try database.function(
                "createTeam",
                as: TestDatabase.newSubject(),
                environment: [
                    "OTEL_EXPORTER_OTLP_ENDPOINT": path == "refuses" ? "http://127.0.0.1:1" : collector.url(path),
                    "OTEL_EXPORTER_OTLP_TIMEOUT": isSlow ? "200" : "30000",
                ]
            )
            let start = Deadline.after(.seconds(30))
            let outcome = try function.run(#"{"name":"Acme"}"#)
            #expect(outcome.status == 0 && !start.hasPassed, "\(outcome)")
            #expect(try outcome.json()["name"]?.string == "Acme")
            let warnings = try outcome.log().filter { $0["message"]?.string == "spans.lost" }
            #expect(isSlow || warnings.count == 1, "\(outcome)")
            #expect(try collector.spans().isEmpty)
        }
    }

    @Test func `a variable of OpenTelemetry that cannot be used is reported and fails no call`() throws {
        let database = try TestDatabase()
        for (variable, value) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
        ] {
            let usual = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"]
            let environment = usual.merging([variable: value]) { $1 }
            let outcome = try database.function(
                "createTeam",
                as: TestDatabase.newSubject(),
                environment: environment
            ).run(#"{"name":"Acme"}"#)
            #expect(outcome.status == 0, "\(outcome)")
            let warning = try outcome.log().first { $0["message"]?.string == "tracing.misconfigured" }
            #expect(warning?["variable"]?.string == variable)
        }
    }

    @Test func `on Lambda the platform's trace goes on, and the line of a call has metrics`() throws {
        let database = try TestDatabase()
        let token = try TestFunction.token(for: TestDatabase.newSubject())
        try TraceCollector.run { collector in
            let variables = [
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url(), "OTEL_EXPORTER_OTLP_TIMEOUT": "30000",
                "NOFX_METRICS_NAMESPACE": "nofx", "LOG_LEVEL": "warning",
            ]
            let xray = "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=53995c3f42cd8ad8;Sampled=1"
            let outcome = try LambdaPlatform.run(
                { database.function("createTeam", on: $0, variables) },
                { lambda in
                    let event = Events.v2(#"{"name":"Acme"}"#, headers: ["authorization": "Bearer \(token)"])
                    for _ in 0..<2 {
                        let headers = [("Lambda-Runtime-Trace-Id", xray), ("Lambda-Runtime-Deadline-Ms", "-")]
                        try lambda.send(event, headers: headers)
                    }
                    #expect(try lambda.results(2).allSatisfy { $0["kind"]?.string == "response" })
                    try Poll.until { try collector.spans(of: trace).filter { $0.name == "createTeam" }.count == 2 }
                }
            )
            let calls = try collector.spans(of: trace).filter { $0.name == "createTeam" }
            #expect(calls.allSatisfy { $0.parent == "53995c3f42cd8ad8" && $0.kind == "SERVER" })
            let metrics = try outcome.log("call.ended")
            #expect(metrics.count == 2 && metrics.allSatisfy { $0["_aws"]?["CloudWatchMetrics"]?.count == 1 })
            #expect(metrics.last?["traceId"]?.string == trace && metrics.last?["roundTrips"]?.integer == 1)
        }
    }

    @Test func `an endless worker exports the spans of steps while it works`() throws {
        let database = try TestDatabase()
        let team = try database.makeWorkingTeam()
        try TraceCollector.run { collector in
            let worker = try database.startWorker(["OTEL_EXPORTER_OTLP_ENDPOINT": collector.url()])
            try database.startRun([TestStep("a")], of: team)
            try Poll.until { try collector.spans().contains { $0.name == "step" } }
            worker.signal(SIGTERM)
            #expect(worker.finish([]).status == 0)
        }
    }
}
