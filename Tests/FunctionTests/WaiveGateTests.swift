import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct WaiveGateTests {
    private static func plan(_ inputs: String = "{}") -> [TestStep] {
        [TestStep("approve", "gate:manual", inputs: inputs), TestStep("ship", after: ["approve"])]
    }

    @Test func `a waived gate continues the run, and the reason is stored`() throws {
        let world = try RunWorld(Self.plan())
        let waiver = world.step("approve", #""reason":"The site is down.""#)
        let decided = try world.database.call(WaiveGate.self, waiver, as: world.owner)
        #expect(decided.status == .waived)
        #expect(try world.steps == ["approve": "succeeded", "ship": "queued"])
        #expect(try world.database.value("SELECT reason FROM nofx.gates") == "The site is down.")
        #expect(try world.activity == ["gate.waived"])
        #expect(try world.database.call(WaiveGate.self, waiver, as: world.owner).status == .waived)
        #expect(try world.activity == ["gate.waived"])
        let refusal = world.database.refusal(of: ApproveGate.self, world.step("approve"), as: world.owner)
        #expect(refusal == "409 gate_decided")
    }

    @Test func `a gate whose plan forbids a waiver cannot be waived`() throws {
        let world = try RunWorld(Self.plan(#"{"allowWaive":false}"#))
        let denial = #expect(throws: Denial.self) {
            try world.database.call(WaiveGate.self, world.step("approve", #""reason":"Hurry.""#), as: world.owner)
        }
        #expect(denial?.problem.status == 403)
        #expect(denial?.problem.code == "waiver_not_allowed")
        #expect(denial?.reason == .noWaiver)
        #expect(try world.database.value("SELECT status FROM nofx.gates") == "pending")
    }

    @Test func `a member who may not approve may not waive`() throws {
        let world = try RunWorld(Self.plan())
        let input = world.step("approve", #""reason":"Hurry.""#)
        func refusal(_ caller: Caller) -> String? {
            world.database.refusal(of: WaiveGate.self, input, as: caller)
        }
        #expect(refusal(try world.member(as: .member)) == "403 forbidden")
        #expect(refusal(.stranger()) == "404 team_not_found")
        #expect(refusal(world.owner.key(scopes: [.read, .write])) == "403 insufficient_scope")
        #expect(
            world.database.refusal(of: WaiveGate.self, world.step("approve"), as: world.owner)
                == "422 validation_failed"
        )
        #expect(try world.database.value("SELECT status FROM nofx.gates") == "pending")
    }

    @Test func `of many concurrent approvals, rejections and waivers of a gate one decision applies`() throws {
        let world = try RunWorld(Self.plan())
        let approvals = (0..<8).map { number in
            (
                caller: world.owner,
                input: world.step("approve", #""decision":"\#(number % 2 == 0 ? "approved" : "rejected")""#)
            )
        }
        let outcomes = world.database.race(ApproveGate.self, approvals)
        #expect(outcomes.tally() == ["ok": 4, "409 gate_decided": 4])
        #expect(try world.activity.count == 1)
        #expect(try world.events.filter { $0 == "gate.approved" || $0 == "gate.rejected" }.count == 1)
    }
}
