import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct CancelRunTests {
    @Test func `a run without running steps is cancelled at once`() throws {
        let world = try RunWorld([
            TestStep("build"), TestStep("test", after: ["build"]), TestStep("approve", "gate:manual"),
        ])
        let cancelled = try world.database.call(CancelRun.self, world.input(), as: world.owner)
        #expect(cancelled.status == .cancelled)
        #expect(cancelled.id.uuid == world.run)
        #expect(try world.steps == ["build": "cancelled", "test": "cancelled", "approve": "cancelled"])
        #expect(try world.jobs == 0)
        #expect(try world.database.value("SELECT status FROM nofx.gates") == "cancelled")
        #expect(try world.events.last == "run.cancelled")
        #expect(try world.activity == ["run.cancelled"])
    }

    @Test func `a run with a running step waits for its worker`() throws {
        let world = try RunWorld([TestStep("build"), TestStep("test", after: ["build"])])
        let claims = try world.database.claim()
        #expect(try world.database.call(CancelRun.self, world.input(), as: world.owner).status == .cancelling)
        #expect(try world.steps == ["build": "queued", "test": "cancelled"])
        #expect(try world.database.finish(claims, "retry", error: "http_status") == 1)
        #expect(try world.status == "cancelled")
        #expect(try world.steps == ["build": "cancelled", "test": "cancelled"])
        #expect(try world.jobs == 0)
    }

    @Test func `cancelling twice, or after the end, changes nothing and gets the same answer`() throws {
        let world = try RunWorld()
        let claims = try world.database.claim()
        for _ in 0..<2 {
            #expect(try world.database.call(CancelRun.self, world.input(), as: world.owner).status == .cancelling)
        }
        try world.database.finish(claims)
        let events = try world.events
        for _ in 0..<2 {
            #expect(try world.database.call(CancelRun.self, world.input(), as: world.owner).status == .cancelled)
        }
        #expect(try world.events == events)
        #expect(events.filter { $0 == "run.cancel_requested" }.count == 1)
        #expect(try world.activity == ["run.cancelled"])

        let done = try world.another()
        try world.database.work()
        let answer = try world.database.call(CancelRun.self, world.input(run: done), as: world.owner)
        #expect(answer.status == .succeeded)
        #expect(try world.activity == ["run.cancelled"])
    }

    @Test func `a step whose worker dies during the cancellation is closed by the next claim`() throws {
        let world = try RunWorld([TestStep("build", attempts: 3)])
        _ = try world.database.claim()
        try world.database.call(CancelRun.self, world.input(), as: world.owner)
        try world.database.rows("UPDATE nofx.queue SET lease_until = now() - interval '1 second'")
        try world.database.maintain()
        #expect(try world.status == "cancelled")
        #expect(try world.steps == ["build": "cancelled"])
        #expect(try world.jobs == 0)
    }

    @Test func `of a cancellation and the last step's success at the same time one wins completely`() throws {
        let world = try RunWorld()
        for _ in 0..<20 {
            let run = try world.another()
            let claims = try world.database.claim().filter { $0.run == run }
            #expect(claims.count == 1)
            let answers = try runConcurrently(2) { number, barrier -> String in
                if number == 0 {
                    var context = try world.database.context(for: world.owner)
                    try context.withConnection { _ in }
                    barrier()
                    return try CancelRun.call(world.input(run: run), in: &context).status.rawValue
                }
                barrier()
                return "\(try world.database.finish(claims))"
            }
            #expect(answers[1] == "1")
            let status: String = try world.database.value("SELECT status FROM nofx.runs WHERE id = \(run)")
            let ends: [String] = try world.database.value(
                """
                SELECT array_agg(type) FROM nofx.events
                WHERE run_id = \(run) AND type IN ('run.succeeded', 'run.failed', 'run.cancelled')
                """
            )
            #expect(ends == ["run.\(status)"])
            #expect(answers[0] == (status == "cancelled" ? "cancelling" : "succeeded"))
        }
    }

    @Test func `a member without write permission cannot cancel, and the attempt is recorded`() throws {
        let world = try RunWorld()
        let viewer = try world.member(as: .viewer)
        let other = Caller.stranger()
        let theirs = try world.database.team(of: other)
        func refusal(_ input: String, as caller: Caller) -> String? {
            world.database.refusal(of: CancelRun.self, input, as: caller)
        }
        #expect(refusal(world.input(), as: viewer) == "403 forbidden")
        #expect(refusal(world.input(), as: other) == "404 team_not_found")
        #expect(refusal(theirs.input(world.run), as: other) == "404 run_not_found")
        #expect(refusal(world.input(), as: world.owner.key(scopes: [.read, .admin])) == "403 insufficient_scope")
        #expect(try world.status == "running")
        #expect(try world.events == ["run.created", "step.queued"])
        let denial = #expect(throws: Denial.self) {
            try world.database.call(CancelRun.self, world.input(), as: viewer)
        }
        #expect(denial?.action.name == "run.cancel")
        #expect(denial?.role == .viewer)
    }
}
