import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

/// Quotas of the calls that acquire something without creating it, and the limits of disabled users.
@Suite struct AcquisitionTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
    }

    private func input(for heir: Caller, _ team: Team) throws -> String {
        team.event(on: try database.membership(of: heir, in: team))
    }

    private func disable(_ caller: Caller) throws {
        try database.rows("UPDATE nofx.users SET disabled_at = now() WHERE id = \(caller.user)")
    }

    @Test func `a member who has reached the limit of teams does not become an owner`() throws {
        var quotas = Quotas()
        quotas.teams = 2
        let heir = try database.member(of: team, as: .admin)
        let own = try (0..<2).map { _ in try database.team(of: heir) }
        let (before, roll) = (try database.snapshot(of: team), try database.roll(of: team))
        let event = try input(for: heir, team)
        let problem = #expect(throws: Problem.self) {
            try database.call(TransferOwnership.self, event, as: owner, quotas: quotas)
        }
        #expect(problem?.status == 403)
        #expect(problem?.code == "quota_exceeded")
        #expect(problem?.members == ["quota": "teams"])
        #expect(try database.snapshot(of: team) == before)
        #expect(try database.roll(of: team) == roll)
        // Deleted teams do not count, and count again when they are restored.
        try database.call(DeleteTeam.self, own[0].reference, as: heir)
        #expect(database.refusal(of: TransferOwnership.self, event, as: owner, quotas: quotas) == nil)
        let restoring = database.refusal(of: RestoreTeam.self, own[0].reference, as: heir, quotas: quotas)
        #expect(restoring == "403 quota_exceeded")
    }

    @Test func `of 12 concurrent transfers to one member, as many succeed as the limit of teams allows`() throws {
        var quotas = Quotas()
        quotas.teams = 5
        let heir = Caller.stranger()
        let calls = try (0..<12).map { _ in
            let giver = Caller.stranger()
            let team = try database.team(of: giver)
            try database.add(heir, to: team, as: .member)
            return (caller: giver, input: try input(for: heir, team))
        }
        let outcomes = database.race(TransferOwnership.self, calls, quotas: quotas)
        #expect(outcomes.tally() == ["ok": 5, "403 quota_exceeded": 7])
        #expect(try database.value("SELECT count(*) FROM nofx.teams WHERE owner_id = \(heir.user)") == 5)
    }

    @Test func `a disabled member does not become the owner`() throws {
        let heir = try database.member(of: team, as: .admin)
        try disable(heir)
        let event = try input(for: heir, team)
        #expect(database.refusal(of: TransferOwnership.self, event, as: owner) == "409 member_disabled")
        #expect(try database.role(of: owner, in: team) == .owner)
    }

    @Test func `an operator transfers the ownership of a team only if its owner is disabled`() throws {
        let operating = Caller.stranger(isOperator: true)
        let (admin, disabled) = (try database.member(of: team, as: .admin), try database.member(of: team, as: .member))
        try disable(disabled)
        let event = try input(for: admin, team)
        #expect(database.refusal(of: TransferOwnership.self, event, as: operating) == "404 team_not_found")
        try disable(owner)
        #expect(database.refusal(of: TransferOwnership.self, event, as: .stranger()) == "404 team_not_found")
        #expect(database.refusal(of: TransferOwnership.self, event, as: admin) == "403 owner_only")
        let key = operating.key(scopes: [.admin, .operations])
        #expect(database.refusal(of: TransferOwnership.self, event, as: key) == "403 session_required")
        let other = try input(for: disabled, team)
        #expect(database.refusal(of: TransferOwnership.self, other, as: operating) == "409 member_disabled")
        let own = try input(for: owner, team)
        #expect(database.refusal(of: TransferOwnership.self, own, as: operating) == "409 already_owner")

        let seen = try database.call(TransferOwnership.self, event, as: operating)
        #expect(seen.owner == admin.user)
        #expect(seen.role == nil)
        #expect(seen.permissions == [])
        #expect(seen.billingEmail == nil)
        #expect(seen.settings == nil)
        #expect(try database.ownership(of: team) == "1 owner, named")
        #expect(try database.role(of: owner, in: team) == .admin)
        #expect(try database.activity(of: team.id).last?.actor == operating.user)
        #expect(
            try database.value("SELECT action || ' ' || subject FROM nofx.operator_actions")
                == "ownership.transfer \(team.id)"
        )
        #expect(database.refusal(of: TransferOwnership.self, event, as: operating) == "404 team_not_found")
    }

    @Test func `an invite of a disabled inviter is refused until the account is enabled again`() throws {
        let admin = try database.member(of: team, as: .admin)
        let invite = try database.invitation("ada@example.com", to: team, by: admin)
        let ada = Caller.stranger(email: "ada@example.com")
        try disable(admin)
        #expect(database.refusal(of: AcceptInvite.self, invite.acceptance, as: ada) == "409 inviter_revoked")
        try database.rows("UPDATE nofx.users SET disabled_at = NULL")
        #expect(database.refusal(of: AcceptInvite.self, invite.acceptance, as: ada) == nil)
    }

    @Test func `retryStep, rerunRun and redriveDeadLetters respect the limit of queued steps`() throws {
        let operating = Caller.stranger(isOperator: true)
        var quotas = Quotas()
        let world = try RunWorld([TestStep("a"), TestStep("b"), TestStep("c")])
        for _ in 0..<3 { try world.database.work("test.echo", "failed", outputs: nil, error: "http_status") }
        try world.another()
        quotas.queuedStepsPerTeam = 1
        let retry = world.database.refusal(of: RetryStep.self, world.step("a"), as: world.owner, quotas: quotas)
        #expect(retry == "429 queue_full")
        let rerun = world.database.refusal(of: RerunRun.self, world.input(), as: world.owner, quotas: quotas)
        #expect(rerun == "429 queue_full")
        let dead: Int = try world.database.value("SELECT count(*) FROM nofx.dead_letters")
        func redriven() throws -> Int? {
            let redrive = try world.database.call(RedriveDeadLetters.self, "{}", as: operating, quotas: quotas)
            return try redrive.answer["redriven"]?.integer
        }
        #expect(try redriven() == 0)
        quotas.queuedStepsPerTeam = 3
        #expect(try redriven() == min(2, dead))
        #expect(world.database.refusal(of: RetryStep.self, world.step("c"), as: world.owner) == nil)
    }
}
