import Base
import Glibc
import Postgres
import TestSupport
import Testing

/// Workers as processes.
@Suite struct RunWorkerTests {
    private let database: TestDatabase
    private let team: WorkingTeam

    init() throws {
        database = try TestDatabase()
        team = try database.makeWorkingTeam()
    }

    @Test func `one call executes all due steps and reports their number`() throws {
        let run = try database.startRun(
            [
                TestStep("a", inputs: #"{"value":[1,2]}"#),
                TestStep("b", after: ["a"], inputs: #"{"from":{"$from":"a.value.1"}}"#),
                TestStep("c", "test:fail", after: ["a"]),
                TestStep("d", after: ["c"]),
            ],
            of: team
        )
        let outcome = try database.runWorker().run("{}")
        #expect(outcome.status == 0, "\(outcome)")
        let report = try outcome.json()
        #expect(report["processed"]?.integer == 3)
        #expect(report["succeeded"]?.integer == 2)
        #expect(report["failed"]?.integer == 1)
        #expect(report["released"]?.integer == 0)
        #expect(report["more"]?.bool == false)
        #expect(try database.status(of: run) == "failed")
        #expect(try database.steps(of: run) == ["a succeeded", "b succeeded", "c failed", "d skipped"])
        #expect(try database.value("SELECT outputs::text FROM nofx.steps WHERE name = 'b'") == #"{"from":2}"#)
    }

    @Test func `a step forbidden by a policy after the run's start fails without a retry`() throws {
        let run = try database.startRun([TestStep("a"), TestStep("b", "test:fail")], of: team)
        try database.rows("INSERT INTO nofx.tool_policies (team_id, tools) VALUES (\(team.id), '{test:fail}')")
        let report = try database.runWorker().run("{}").json()
        #expect(report["failed"]?.integer == 2)
        #expect(try database.steps(of: run) == ["a failed", "b failed"])
        let codes = try database.value(
            "SELECT array_agg(error ->> 'code' ORDER BY no) FROM nofx.steps",
            as: [String].self
        )
        #expect(codes.first == "policy_denied" && !codes.dropFirst().contains("policy_denied"))
    }

    @Test func `an idle queue ends the call`() throws {
        let report = try database.runWorker().run("{}").json()
        #expect(report["processed"]?.integer == 0)
        #expect(report["more"]?.bool == false)
    }

    // Cases: queue 102
    @Test func `ten messages for one run start one worker call, and the broken message is returned`() throws {
        try database.startRun((0..<5).map { TestStep("\($0)") }, of: team)
        let bodies = Array(repeating: "", count: 9) + [#"{\"threads\":0}"#]
        let records = bodies.enumerated().map { number, body in
            #"{"messageId":"m\#(number)","body":"\#(body)","eventSource":"aws:sqs"}"#
        }
        let event = #"{"Records":[\#(records.joined(separator: ","))]}"#
        let outcome = try database.runWorker().run(event)
        #expect(outcome.status == 0)
        #expect(outcome.output == #"{"batchItemFailures":[{"itemIdentifier":"m9"}]}"# + "\n")
        #expect(try database.value("SELECT count(*) FROM nofx.steps WHERE status = 'succeeded'") == 5)
        #expect(try database.runWorker().run("{}").json()["processed"]?.integer == 0)
    }

    @Test func `a Lambda batch returns failed messages, and all of them without a database`() throws {
        try database.startRun([TestStep("a")], of: team)
        let event = #"{"Records":[{"messageId":"m","body":"{}","eventSource":"aws:sqs"}]}"#
        for (url, answer) in [
            (database.operatorURL, #"{"batchItemFailures":[]}"#),
            ("host=127.0.0.1 port=1 user=nobody", #"{"batchItemFailures":[{"itemIdentifier":"m"}]}"#),
        ] {
            try LambdaPlatform.run({ TestFunction("runWorker", database: url, environment: $0) }) { lambda in
                // The platform's default of three seconds is too short for a step that may take a minute.
                try lambda.send(event, headers: [("Lambda-Runtime-Deadline-Ms", "-")])
                let result = try lambda.results(1)[0]
                #expect(result["kind"]?.string == "response")
                #expect(result["body"]?.string == answer)
            }
        }
        #expect(try database.value("SELECT status FROM nofx.steps") == "succeeded")
    }

    @Test func `after a worker is killed its finished steps stay finished, and the others run again`() throws {
        let names = (0..<10).map { "step \($0)" }
        let run = try database.startRun(
            names.enumerated().map { number, name in
                TestStep(name, inputs: number == 2 ? #"{"delaySeconds":60}"# : "{}", priority: number)
            },
            of: team
        )
        let function = database.runWorker(["NOFX_WORKER_THREADS": "1", "NOFX_WORKER_BATCH": "10"])
        let killed = try database.run(function, signal: SIGKILL, afterStarting: 3)
        #expect(killed.status == 128 + SIGKILL)
        #expect(try database.steps(of: run).prefix(3) == ["step 0 succeeded", "step 1 succeeded", "step 2 queued"])

        try database.rows("UPDATE nofx.steps SET inputs = '{}' WHERE name = 'step 2'")
        #expect(try function.run("{}").json()["processed"]?.integer == 0)
        try database.endLeases()
        #expect(try function.run("{}").json()["succeeded"]?.integer == 8)
        #expect(try database.status(of: run) == "succeeded")
        let attempts = try database.value(
            "SELECT array_agg(attempt::bigint ORDER BY no) FROM nofx.steps",
            as: [Int].self
        )
        // Only the one that had begun has used an attempt.
        #expect(attempts == [1, 1, 2] + Array(repeating: 1, count: 7))
    }

    // Cases: queue 33
    @Test func `SIGTERM lets the running step end, releases the others, and exits with 0`() throws {
        let run = try database.startRun(
            (0..<5).map { TestStep("\($0)", inputs: #"{"delaySeconds":3}"#, priority: $0) },
            of: team
        )
        let function = database.runWorker(["NOFX_WORKER_THREADS": "1", "NOFX_WORKER_BATCH": "5"])
        let outcome = try database.run(function, "", ["--forever"], signal: SIGTERM, afterStarting: 1)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try outcome.json()["succeeded"]?.integer == 1)
        #expect(try outcome.json()["released"]?.integer == 4)
        #expect(try database.steps(of: run).first == "0 succeeded")
        let rest = try database.value(
            "SELECT array_agg(concat_ws(' ', state, attempt)) FROM nofx.queue",
            as: [String].self
        )
        #expect(rest == Array(repeating: "available 0", count: 4))
        let lines = try outcome.log("worker.ending")
        #expect(lines.first?["reason"]?.string == "asked")
    }

    // Cases: queue 33
    @Test func `a step that does not end within the grace time is stopped, and its attempt counts`() throws {
        try database.startRun([TestStep("a", inputs: #"{"delaySeconds":50}"#)], of: team)
        let function = database.runWorker(["NOFX_WORKER_GRACE_SECONDS": "0"])
        let outcome = try database.run(function, signal: SIGINT, afterStarting: 1)
        #expect(outcome.status == 0)
        #expect(try outcome.json()["interrupted"]?.integer == 1)
        #expect(try outcome.json()["more"]?.bool == true)
        #expect(try database.value("SELECT concat_ws(' ', state, attempt) FROM nofx.queue") == "available 1")
    }

    @Test func `an endless worker executes steps that arrive later`() throws {
        let process = try database.runWorker().start(["--forever"])
        let id = process.processID
        let (database, team) = (database, team)
        let starter = TestThread {
            let run = try? database.startRun([TestStep("a"), TestStep("b", after: ["a"])], of: team)
            if let run { try? Poll.until { try database.status(of: run) != "running" } }
            kill(id, SIGTERM)
        }
        let outcome = process.finish()
        starter.join()
        #expect(outcome.status == 0)
        #expect(try outcome.json()["succeeded"]?.integer == 2)
    }

    @Test func `cancelling a run stops its running step`() throws {
        let run = try database.startRun([TestStep("a", inputs: #"{"delaySeconds":55}"#)], of: team)
        let (database, team) = (database, team)
        let canceller = TestThread {
            try? database.awaitStarted(1)
            try? database.cancelRun(run, of: team)
        }
        let report = try database.runWorker().run("{}").json()
        canceller.join()
        #expect(report["cancelled"]?.integer == 1)
        #expect(try database.status(of: run) == "cancelled")
    }

    // Cases: queue 103
    @Test func `eight concurrent workers execute each of many one-step runs once`() throws {
        for number in 0..<120 { try database.startRun([TestStep("step \(number)")], of: team) }
        let function = database.runWorker(["NOFX_WORKER_BATCH": "5"])
        let reports = try runConcurrently(8) { _, barrier in
            barrier()
            return try function.run("{}").json()
        }
        #expect(reports.map { $0["succeeded"]?.integer ?? 0 }.reduce(0, +) == 120)
        #expect(reports.map { $0["lost"]?.integer ?? 0 }.reduce(0, +) == 0)
        #expect(try database.value("SELECT count(*) FROM nofx.events WHERE type = 'step.succeeded'") == 120)
        #expect(try database.value("SELECT count(*) FROM nofx.events WHERE type = 'step.started'") == 120)
    }

    // Cases: queue 14
    @Test func `while a breaker is open its steps keep their attempts, and other steps run`() throws {
        try database.rows("SELECT nofx.circuit_set('openai', 'force_open')")
        try database.startRun(
            (0..<3).map { TestStep("ai \($0)", "ai:generate", inputs: #"{"prompt":"Hello."}"#) }
                + (0..<3).map { TestStep("echo \($0)") },
            of: team
        )
        let outcome = try database.runWorker(["OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_MODEL": "any"])
            .run("{}")
        #expect(try outcome.json()["processed"]?.integer == 3, "\(outcome)")
        #expect(try outcome.json()["released"]?.integer == 3)
        #expect(try outcome.json()["more"]?.bool == true)
        let waiting = try database.value(
            "SELECT array_agg(DISTINCT concat_ws(' ', topic, state, attempt)) FROM nofx.queue",
            as: [String].self
        )
        #expect(waiting == ["ai.generate scheduled 0"])
    }
}
