import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct ApproveGateTests {
    private static func plan(_ inputs: String = "{}") -> [TestStep] {
        [TestStep("approve", "gate:manual", inputs: inputs), TestStep("ship", after: ["approve"])]
    }

    @Test func `a gate waits for a decision, and no worker gets a job for it`() throws {
        let world = try RunWorld(Self.plan())
        #expect(try world.status == "waiting")
        #expect(try world.steps == ["approve": "waiting", "ship": "blocked"])
        #expect(try world.jobs == 0)
        #expect(try world.events == ["run.created", "gate.created"])
        for topic in ["gate.manual", "test.echo"] { #expect(try world.database.claim(topic).isEmpty) }
        try world.database.maintain()
        #expect(try world.status == "waiting")
    }

    @Test func `an approval by a manager of the team continues the run at once`() throws {
        let world = try RunWorld(Self.plan())
        let admin = try world.member(as: .admin)
        let approval = world.step("approve", #""reason":"Tested by hand.""#)
        let decided = try world.database.call(ApproveGate.self, approval, as: admin)
        #expect(decided.status == .approved)
        #expect(decided.runStatus == .running)
        #expect(try world.steps == ["approve": "succeeded", "ship": "queued"])
        #expect(try world.jobs == 1)
        #expect(try world.events == ["run.created", "gate.created", "gate.approved", "step.succeeded", "step.queued"])
        #expect(try world.activity == ["gate.approved"])
        let data: String = try world.database.value("SELECT data::text FROM nofx.events WHERE type = 'gate.approved'")
        #expect(data.contains(admin.user.description) && data.contains("Tested by hand."))
        let outputs: String = try world.database.value("SELECT outputs::text FROM nofx.steps WHERE name = 'approve'")
        #expect(outputs.contains(#""approved""#))
    }

    @Test func `a rejection ends the steps that depend on the gate`() throws {
        let world = try RunWorld(Self.plan() + [TestStep("other")])
        let decided = try world.database.call(
            ApproveGate.self,
            world.step("approve", #""decision":"rejected""#),
            as: world.owner
        )
        #expect(decided.status == .rejected)
        #expect(try world.steps == ["approve": "failed", "ship": "skipped", "other": "queued"])
        let code: String = try world.database.value(
            "SELECT error ->> 'code' FROM nofx.steps WHERE name = 'approve'"
        )
        #expect(code == "gate_rejected")
        try world.database.work()
        #expect(try world.status == "failed")
        #expect(try world.activity == ["gate.rejected"])
    }

    // Cases: queue 76
    @Test(
        arguments: [
            (nil, .viewer, false), (nil, .member, false), (nil, .admin, true), ("admin", .member, false),
            ("admin", .admin, true), ("member", .viewer, false), ("member", .member, true), ("member", .admin, true),
            ("owner", .admin, false), ("viewer", .viewer, true),
        ] as [(String?, Core.Role, Bool)]
    )
    func `a gate can be decided by its role and higher ones, or by managers of the team`(
        required: String?,
        role: Core.Role,
        isAllowed: Bool
    ) throws {
        let world = try RunWorld(Self.plan(required.map { #"{"role":"\#($0)"}"# } ?? "{}"))
        let caller = try world.member(as: role)
        guard !isAllowed else {
            #expect(try world.database.call(ApproveGate.self, world.step("approve"), as: caller).status == .approved)
            return
        }
        let denial = #expect(throws: Denial.self) {
            try world.database.call(ApproveGate.self, world.step("approve"), as: caller)
        }
        #expect(denial?.problem.status == 403)
        #expect(denial?.problem.code == "forbidden")
        #expect(denial?.problem.members["requiredRole"] == required)
        #expect(denial?.reason == (required == nil ? .missingPermission : .roleTooLow))
        #expect(denial?.role == role)
        #expect(try world.database.value("SELECT status FROM nofx.gates") == "pending")
    }

    @Test func `an override can grant the decision to a member and take it from an admin`() throws {
        let world = try RunWorld(Self.plan())
        let former = try world.member(as: .admin, permissions: [.read, .write])
        let deputy = try world.member(as: .member, permissions: [.read, .admin])
        let refusal = world.database.refusal(of: ApproveGate.self, world.step("approve"), as: former)
        #expect(refusal == "403 forbidden")
        #expect(try world.database.call(ApproveGate.self, world.step("approve"), as: deputy).status == .approved)
    }

    @Test func `a key without the scope admin decides no gate, whatever the gate's role`() throws {
        let world = try RunWorld(Self.plan(#"{"role":"viewer"}"#))
        let refused = world.owner.key(scopes: [.read, .write, .delete])
        let refusal = world.database.refusal(of: ApproveGate.self, world.step("approve"), as: refused)
        #expect(refusal == "403 insufficient_scope")
        let key = world.owner.key(scopes: [.admin])
        #expect(try world.database.call(ApproveGate.self, world.step("approve"), as: key).status == .approved)
    }

    @Test func `a four-eyes gate cannot be decided by the user who started the run`() throws {
        let world = try RunWorld(Self.plan(#"{"fourEyes":true}"#))
        let denial = #expect(throws: Denial.self) {
            try world.database.call(ApproveGate.self, world.step("approve"), as: world.owner)
        }
        #expect(denial?.problem.code == "own_run_approval")
        #expect(denial?.reason == .ownRun)
        #expect(try world.database.value("SELECT status FROM nofx.gates") == "pending")
        let admin = try world.member(as: .admin)
        #expect(try world.database.call(ApproveGate.self, world.step("approve"), as: admin).status == .approved)
    }

    @Test func `with fourEyes, neither the author of a plan nor the user who reruns it decides`() throws {
        let world = try RunWorld()
        let (author, repeater) = (try world.member(as: .admin), try world.member(as: .admin))
        let (again, third) = (try world.member(as: .admin), try world.member(as: .admin))
        let first = try world.database.startRun(
            Self.plan(#"{"fourEyes":true}"#),
            team: world.team.id.uuid,
            by: author
        )
        func rerun(_ run: UUID, by caller: Caller) throws -> UUID {
            try world.database.call(RerunRun.self, world.input(run: run), as: caller).id.uuid
        }
        func refusal(_ run: UUID, by caller: Caller) -> String? {
            let input = world.team.input(run, #""step":"approve""#)
            return world.database.refusal(of: ApproveGate.self, input, as: caller)
        }
        let second = try rerun(first, by: repeater)
        let last = try rerun(second, by: again)
        for (run, starter) in [(first, author), (second, repeater), (last, again)] {
            try world.database.work()
            #expect(refusal(run, by: author) == "403 own_run_approval")
            #expect(refusal(run, by: starter) == "403 own_run_approval")
            #expect(refusal(run, by: third) == nil)
        }
    }

    @Test func `repeating a decision gets the same answer, and another decision is a conflict`() throws {
        let world = try RunWorld(Self.plan())
        for _ in 0..<2 {
            let decided = try world.database.call(ApproveGate.self, world.step("approve"), as: world.owner)
            #expect(decided.status == .approved && decided.runStatus == .running)
        }
        let problem = #expect(throws: Problem.self) {
            try world.database.call(
                ApproveGate.self,
                world.step("approve", #""decision":"rejected""#),
                as: world.owner
            )
        }
        #expect(problem?.code == "gate_decided")
        #expect(problem?.members == ["gateStatus": "approved"])
        #expect(try world.events.filter { $0.hasPrefix("gate.") } == ["gate.created", "gate.approved"])
        #expect(try world.activity == ["gate.approved"])
    }

    @Test func `an expired gate and one of a cancelled run cannot be decided`() throws {
        let world = try RunWorld(Self.plan(#"{"expiresInSeconds":60}"#))
        try world.database.rows("UPDATE nofx.gates SET expires_at = now()")
        func problem() -> Problem? {
            #expect(throws: Problem.self) {
                try world.database.call(ApproveGate.self, world.step("approve"), as: world.owner)
            }
        }
        #expect(problem()?.code == "gate_expired")
        try world.database.maintain()
        #expect(problem()?.code == "gate_expired")
        #expect(try world.steps == ["approve": "failed", "ship": "skipped"])
        #expect(try world.events.contains("gate.expired"))

        let cancelled = try RunWorld(Self.plan())
        try cancelled.database.call(CancelRun.self, cancelled.input(), as: cancelled.owner)
        let conflict = #expect(throws: Problem.self) {
            try cancelled.database.call(ApproveGate.self, cancelled.step("approve"), as: cancelled.owner)
        }
        #expect(conflict?.code == "gate_decided")
        #expect(conflict?.members == ["gateStatus": "cancelled"])
    }

    // Cases: queue 76
    @Test func `a step that is not a gate, a blocked gate and a foreign gate are not found`() throws {
        let world = try RunWorld([TestStep("build"), TestStep("approve", "gate:manual", after: ["build"])])
        let other = Caller.stranger()
        let theirs = try world.database.team(of: other)
        func refusal(_ input: String, as caller: Caller) -> String? {
            world.database.refusal(of: ApproveGate.self, input, as: caller)
        }
        #expect(refusal(world.step("build"), as: world.owner) == "404 gate_not_found")
        #expect(refusal(world.step("approve"), as: world.owner) == "404 gate_not_found")
        #expect(refusal(world.step("ship"), as: world.owner) == "404 gate_not_found")
        #expect(refusal(world.step("approve"), as: other) == "404 team_not_found")
        #expect(refusal(theirs.input(world.run, #""step":"approve""#), as: other) == "404 run_not_found")
    }

    // Cases: queue 83
    @Test func `the decider is the caller, and the input cannot name another user`() throws {
        let world = try RunWorld(Self.plan())
        let admin = try world.member(as: .admin)
        let forged = world.step("approve", #""approvedBy":"\#(world.owner.user)""#)
        #expect(world.database.refusal(of: ApproveGate.self, forged, as: admin) == "422 validation_failed")
        try world.database.call(ApproveGate.self, world.step("approve"), as: admin)
        #expect(try world.database.value("SELECT decided_by FROM nofx.gates") == admin.user)
    }

    @Test(arguments: [#""decision":"waived""#, #""decision":"pending""#, #""reason":"""#])
    func `an invalid decision or reason is rejected`(_ members: String) throws {
        let world = try RunWorld(Self.plan())
        let long = #""reason":"\#(String(repeating: "x", count: 501))""#
        for members in [members, long] {
            let input = world.step("approve", members)
            #expect(world.database.refusal(of: ApproveGate.self, input, as: world.owner) == "422 validation_failed")
        }
    }
}
