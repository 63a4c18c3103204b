import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct ListGatesTests {
    private static let gate = TestStep(
        "approve",
        "gate:manual",
        inputs: #"{"role":"member","fourEyes":true,"allowWaive":false,"message":"Ship?","expiresInSeconds":3600}"#
    )

    @Test func `a pending gate is listed with everything that the decision needs`() throws {
        let world = try RunWorld([Self.gate], goal: "Ship version 2")
        let gates = try world.list()
        #expect(gates.count == 1)
        let gate = try #require(gates.first)
        #expect(gate.run.uuid == world.run)
        #expect(gate.goal == "Ship version 2")
        #expect(gate.step == "approve")
        #expect(gate.startedBy == world.owner.user)
        #expect(gate.state.message == "Ship?")
        #expect(gate.state.requiredRole == .member)
        #expect(gate.state.needsFourEyes)
        #expect(!gate.state.allowsWaiver)
        #expect(gate.state.expiresAt != nil)
        #expect(try gate.answer["status"]?.string == "pending")
        #expect(try gate.answer["decidedBy"]?.isNull == true)
    }

    @Test func `a gate is listed from its creation to its decision`() throws {
        let world = try RunWorld([TestStep("build"), TestStep("approve", "manual:deploy", after: ["build"])])
        #expect(try world.list().isEmpty)
        try world.database.work()
        #expect(try world.list().map(\.step) == ["approve"])
        let approval = world.step("approve", #""reason":"Looks good.""#)
        try world.database.call(ApproveGate.self, approval, as: world.owner)
        #expect(try world.list().isEmpty)
        let decided = try world.list(#""status":"approved""#)
        #expect(decided.map(\.state.decidedBy) == [world.owner.user])
        #expect(decided.map(\.state.reason) == ["Looks good."])
        #expect(decided.first?.state.decidedAt != nil)
    }

    @Test func `an overdue gate is listed as expired, whatever its row says`() throws {
        let world = try RunWorld([Self.gate])
        try world.database.rows("UPDATE nofx.gates SET expires_at = now()")
        #expect(try world.list().isEmpty)
        #expect(try world.list(#""status":"expired""#).map(\.state.status) == [.expired])
        #expect(try world.database.value("SELECT status FROM nofx.gates") == "pending")
    }

    @Test func `gates are paged newest first, also with equal times`() throws {
        let world = try RunWorld([Self.gate, TestStep("again", "gate:manual")])
        for _ in 0..<3 { try world.another([Self.gate, TestStep("again", "gate:manual")]) }
        func pages(_ members: String = "") throws -> [[Gate]] {
            try world.database.pages(
                ListGates.self,
                #""teamId":"\#(world.team.id)","limit":3\#(members)"#,
                as: world.owner
            )
        }
        let all = try pages().joined().map { "\($0.run) \($0.number)" }
        #expect(Set(all).count == 8)
        #expect(all == all.sorted(by: >))
        let own = try pages(#","runId":"\#(world.run)""#)
        #expect(own.joined().map(\.number) == [1, 0])
        try world.database.rows("UPDATE nofx.gates SET created_at = '2026-01-02T03:04:05.678901Z'")
        #expect(try pages().joined().map { "\($0.run) \($0.number)" } == all)
    }

    @Test func `a cursor is valid only for its own list`() throws {
        let world = try RunWorld([Self.gate, TestStep("again", "gate:manual")])
        let first = #""teamId":"\#(world.team.id)""#
        let page = try world.database.call(ListGates.self, "{\(first),\"limit\":1}", as: world.owner)
        let cursor = try #require(page.nextCursor)
        for members in [
            #"\#(first),"status":"approved""#, #"\#(first),"runId":"\#(world.run)""#,
            #""teamId":"\#(try world.database.team("Other", of: world.owner).id)""#,
        ] {
            let refusal = world.database.refusal(of: ListGates.self, input(members, cursor), as: world.owner)
            #expect(refusal == "422 invalid_cursor")
        }
        for keys in [["1", "x", "0"], ["1", "\(world.run)", "x"], ["x", "\(world.run)", "0"], ["1"]] {
            let forged = Cursor(list: "listGates", binding: "\(world.team.id)//pending", keys: keys)
            let refusal = world.database.refusal(of: ListGates.self, input(first, forged), as: world.owner)
            #expect(refusal == "422 invalid_cursor")
        }
    }

    @Test func `another team's gates are not visible`() throws {
        let world = try RunWorld([Self.gate])
        let other = Caller.stranger()
        let theirs = try world.database.team(of: other)
        func refusal(_ team: Team, as caller: Caller) -> String? {
            world.database.refusal(of: ListGates.self, team.reference, as: caller)
        }
        #expect(refusal(world.team, as: other) == "404 team_not_found")
        #expect(try world.database.call(ListGates.self, theirs.input(world.run), as: other).items.isEmpty)
        #expect(refusal(world.team, as: try world.member(as: .viewer)) == nil)
        #expect(refusal(world.team, as: try world.member(as: .viewer, permissions: [])) == "403 forbidden")
        #expect(refusal(world.team, as: world.owner.key(scopes: [.admin])) == "403 insufficient_scope")
    }
}

extension RunWorld {
    fileprivate func list(_ members: String = "") throws -> [Gate] {
        let more = members.isEmpty ? "" : ",\(members)"
        return try database.call(ListGates.self, #"{"teamId":"\#(team.id)"\#(more)}"#, as: owner).items
    }
}
