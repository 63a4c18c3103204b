import Base
import Postgres
import TestSupport
import Testing

/// The input of a worker and its origin.
@Suite struct WorkerInputTests {
    @Test(arguments: [
        (#"{"budgetSeconds":-1}"#, "budgetSeconds"), (#"{"budgetSeconds":0}"#, "budgetSeconds"),
        (#"{"budgetSeconds":901}"#, "budgetSeconds"), (#"{"budgetSeconds":1.5}"#, "budgetSeconds"),
        (#"{"threads":0}"#, "threads"), (#"{"threads":65}"#, "threads"), (#"{"maxSteps":0}"#, "maxSteps"),
        (#"{"topics":[]}"#, "topics"), (#"{"topics":["test:unknown"]}"#, "topics[0]"),
        (#"{"topics":["test:echo","gate:manual"]}"#, "topics[1]"), (#"{"teamId":"x"}"#, "teamId"),
    ])
    func `an invalid field is rejected by name`(event: String, field: String) throws {
        let outcome = try TestDatabase.untouched().runWorker().run(event)
        try expectProblem(outcome, 422, "validation_failed", exit: 65)
        #expect(try outcome.json()["errors"]?.elements.map { $0["field"]?.string } == [field])
    }

    @Test(arguments: [
        ("NOFX_WORKER_THREADS", "0"), ("NOFX_WORKER_THREADS", "65"), ("NOFX_WORKER_BATCH", "501"),
        ("NOFX_WORKER_GRACE_SECONDS", "-1"), ("NOFX_WORKER_LEASE_SECONDS", "1"), ("NOFX_TEAM_LIMIT", "0"),
        ("NOFX_TOOL_LIMITS", "ai:generate"),
        ("NOFX_TOOL_LIMITS", "ai:generate=0"), ("NOFX_TOOL_LIMITS", "ai:generate=1,codegen=2"),
        ("NOFX_TOOL_LIMITS", "nothing=1"), ("NOFX_TOOL_LIMITS", "gate:manual=1"), ("NOFX_TOOL_LIMITS", "test:echo=1,"),
        ("NOFX_HTTP_ALLOW", "here"), ("NOFX_SECRETS", "[]"), ("NOFX_RETRY_MAX", "-1"),
    ])
    func `an invalid variable is rejected by name`(variable: String, value: String) throws {
        let outcome = try TestFunction("runWorker", database: "host=127.0.0.1 port=1", environment: [variable: value])
            .run("{}")
        try expectProblem(outcome, 503, "misconfigured", exit: 78)
        #expect(try outcome.log("configuration.invalid").first?["variable"]?.string == variable)
    }

    @Test func `a worker executes only the named tools, by any of their names`() throws {
        let database = try TestDatabase()
        try database.startRun(
            [TestStep("a"), TestStep("b", "test:fail")],
            of: database.makeWorkingTeam()
        )
        let report = try database.runWorker().run(#"{"topics":["test:fail"],"maxSteps":5,"threads":2}"#).json()
        #expect(report["failed"]?.integer == 1)
        #expect(try database.value("SELECT topic FROM nofx.queue") == "test.echo")
    }

    @Test func `the limits per tool and per team apply`() throws {
        let database = try TestDatabase()
        try database.startRun((0..<6).map { TestStep("\($0)") }, of: database.makeWorkingTeam())
        // Jobs of other workers count too.
        try database.rows(
            """
            UPDATE nofx.queue SET state = 'running', lease_until = now() + interval '1 hour', fence = 1
            WHERE id = (SELECT id FROM nofx.queue LIMIT 1)
            """
        )
        for variables in [["NOFX_TOOL_LIMITS": "test:echo=1"], ["NOFX_TEAM_LIMIT": "1"]] {
            #expect(try database.runWorker(variables).run("{}").json()["processed"]?.integer == 0)
        }
        #expect(try database.runWorker(["NOFX_TOOL_LIMITS": "test:echo=2"]).run("{}").json()["processed"]?.integer == 5)
    }

    @Test func `no web event can start a worker`() throws {
        let function = try TestDatabase.untouched().runWorker()
        try expectProblem(try function.run(Events.envelope("{}", headers: [:])), 403, "operator_only", exit: 77)
        for event in Events.allHTTP("{}", headers: [:]) {
            #expect(try function.run(event).json()["statusCode"]?.integer == 403)
        }
    }

    @Test func `a worker needs the operator role`() throws {
        let database = try TestDatabase.untouched()
        let outcome = try TestFunction("runWorker", database: database.url).run("{}")
        try expectProblem(outcome, 503, "misconfigured", exit: 78)
    }

    @Test func `a missing database fails the call`() throws {
        let outcome = try TestFunction("runWorker", database: "host=127.0.0.1 port=1 user=nobody").run("{}")
        try expectProblem(outcome, 503, "unavailable", exit: 75)
    }

    @Test func `only runWorker accepts --forever, and without further arguments`() throws {
        for arguments in [["--forever", "x"], ["--for-ever"], ["--forever", "--help"]] {
            #expect(try TestFunction("runWorker", database: nil).run("", arguments).status == 64)
        }
        #expect(try TestFunction("purge", database: nil).run("{}", ["--forever"]).status == 64)
        #expect(try TestFunction("runWorker", database: nil).run("", ["--help"]).output.contains("--forever"))
    }
}
