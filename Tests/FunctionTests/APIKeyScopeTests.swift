import Base
import Core
import FunctionRuntime
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

/// The permissions of an API key: those of its user, limited by its scopes and its team.
@Suite struct APIKeyScopeTests {
    // Cases: teams 148
    @Test(arguments: [[], [.read], [.write], [.delete], [.admin], [.read, .write], .ofMembers] as [[Scope]])
    func `a key is limited to its scopes, even if its user owns the team`(scopes: [Scope]) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let holder = holder(for: owner, scopes)
        let refused = "403 insufficient_scope"
        func expect(_ refusal: String?, _ permission: Permission) {
            #expect(refusal == (scopes.contains(Scope(permission)) ? nil : refused), "\(permission)")
        }

        expect(database.refusal(of: GetTeam.self, team.reference, as: holder), .read)
        expect(database.refusal(of: ListTeams.self, "{}", as: holder), .read)
        expect(database.refusal(of: UpdateTeam.self, team.changes(#""name":"Zenith""#), as: holder), .write)
        expect(database.refusal(of: CreateTeam.self, #"{"name":"Another"}"#, as: holder), .write)
        expect(database.refusal(of: DeleteTeam.self, team.reference, as: holder), .delete)
        if !scopes.contains(.delete) { try database.call(DeleteTeam.self, team.reference, as: owner) }
        expect(database.refusal(of: RestoreTeam.self, team.reference, as: holder), .delete)
    }

    @Test(arguments: [[], [.read], [.write], [.delete], [.admin], .ofMembers] as [[Scope]])
    func `a key's scopes limit reading, changing and deciding runs`(scopes: [Scope]) throws {
        let world = try RunWorld([TestStep("build"), TestStep("one", "gate:manual"), TestStep("two", "gate:manual")])
        let holder = holder(for: world.owner, scopes)
        let artifact = TestArtifact("notes.md", "text/markdown", "#".utf8)
        try world.database.finish(world.database.claim(), "failed", error: "http_status", artifacts: [artifact])
        func expect<F: Function>(_ function: F.Type, _ input: String, _ scope: Scope, or refusal: String? = nil) {
            let expected = scopes.contains(scope) ? refusal : "403 insufficient_scope"
            #expect(world.database.refusal(of: function, input, as: holder) == expected, "\(F.name)")
        }

        expect(GetRun.self, world.input(), .read)
        expect(ListRuns.self, world.team.reference, .read)
        expect(RunTimeline.self, world.input(), .read)
        expect(ListGates.self, world.team.reference, .read)
        expect(GetArtifact.self, world.step("build", #""name":"notes.md""#), .read, or: "404 artifact_not_found")
        expect(RetryStep.self, world.step("build"), .write)
        expect(ApproveGate.self, world.step("one"), .admin)
        expect(WaiveGate.self, world.step("two", #""reason":"Hurry.""#), .admin)
        expect(CancelRun.self, world.input(), .write)
    }

    @Test func `a key for one team finds no run of another team`() throws {
        let world = try RunWorld([TestStep("approve", "gate:manual")])
        let other = try world.database.team("Other", of: world.owner)
        let key = world.owner.key(scopes: .ofMembers, team: other)
        #expect(world.database.refusal(of: GetRun.self, world.input(), as: key) == "404 team_not_found")
        #expect(world.database.refusal(of: ListRuns.self, world.team.reference, as: key) == "404 team_not_found")
        #expect(world.database.refusal(of: CancelRun.self, world.input(), as: key) == "404 team_not_found")
        #expect(world.database.refusal(of: ApproveGate.self, world.step("approve"), as: key) == "404 team_not_found")
        #expect(world.database.refusal(of: GetRun.self, other.input(world.run), as: key) == "404 run_not_found")
        #expect(try world.status == "waiting")
    }

    // Cases: teams 148
    @Test func `a change beyond the scopes is a denial that names the scope and changes nothing`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let before = try database.snapshot(of: team)
        let reader = try database.keyHolder(for: owner, [.read])
        let denial = #expect(throws: Denial.self) {
            try database.call(UpdateTeam.self, team.changes(#""name":"Zenith""#), as: reader)
        }

        #expect(denial?.problem.code == "insufficient_scope")
        #expect(denial?.problem.members == ["requiredPermission": "write"])
        #expect(denial?.reason == .scope)
        #expect(denial?.team == team.id.uuid)
        #expect(try database.snapshot(of: team) == before)
    }

    @Test func `a scope grants no permission that the user lacks`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let viewer = try database.member(of: team, as: .viewer)
        let holder = try database.keyHolder(for: viewer, .ofMembers)

        #expect(database.refusal(of: GetTeam.self, team.reference, as: holder) == nil)
        let changes = team.changes(#""name":"Zenith""#)
        #expect(database.refusal(of: UpdateTeam.self, changes, as: holder) == "403 forbidden")
        #expect(database.refusal(of: DeleteTeam.self, team.reference, as: holder) == "403 owner_only")
    }

    @Test func `a key sees only what its scopes allow`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger(email: "owner@example.com")
        let team = try database.team(of: owner)
        let manager = try database.keyHolder(for: owner, [.read, .admin])
        let writer = try database.keyHolder(for: owner, [.read, .write])
        let read = try database.call(GetTeam.self, team.reference, as: manager)
        let written = try database.call(GetTeam.self, team.reference, as: writer)

        #expect(read.permissions == [.read, .admin])
        #expect(read.billingEmail == "owner@example.com")
        #expect(read.settings == nil)
        #expect(written.permissions == [.read, .write])
        #expect(written.billingEmail == nil)
        #expect(written.settings != nil)
    }

    // Cases: teams 149
    @Test func `a key for one team finds no other team, even if its user owns it`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (mine, other) = (try database.team("Mine", of: owner), try database.team("Other", of: owner))
        let holder = try database.keyHolder(for: owner, .ofMembers, team: mine)

        #expect(database.refusal(of: GetTeam.self, mine.reference, as: holder) == nil)
        #expect(database.refusal(of: UpdateTeam.self, mine.changes(#""name":"Zenith""#), as: holder) == nil)
        for refusal in [
            database.refusal(of: GetTeam.self, other.reference, as: holder),
            database.refusal(of: UpdateTeam.self, other.changes(#""name":"Zenith""#), as: holder),
            database.refusal(of: DeleteTeam.self, other.reference, as: holder),
            database.refusal(of: RestoreTeam.self, other.reference, as: holder),
        ] {
            #expect(refusal == "404 team_not_found")
        }
        #expect(database.refusal(of: CreateTeam.self, #"{"name":"Third"}"#, as: holder) == "403 insufficient_scope")
        let denial = #expect(throws: Denial.self) {
            try database.call(GetTeam.self, other.reference, as: holder)
        }
        #expect(denial?.reason == .notMember)
    }

    // Cases: teams 151
    @Test func `a removed member's key does not find the team, and works again after a return`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let member = try database.member(of: team, as: .member)
        let key = try database.key(of: member, team: team)
        try database.rows("DELETE FROM nofx.team_members WHERE user_id = \(member.user)")
        let holder = try database.caller(with: key.key.reveal())

        #expect(database.refusal(of: GetTeam.self, team.reference, as: holder) == "404 team_not_found")
        #expect(
            database.refusal(of: UpdateTeam.self, team.changes(#""name":"Zenith""#), as: holder)
                == "404 team_not_found"
        )
        try database.add(member, to: team, as: .member)
        #expect(database.refusal(of: GetTeam.self, team.reference, as: holder) == nil)
    }

    @Test func `the actions of a key are in the audit trail with its id`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let key = try database.key(of: owner)
        let holder = try database.caller(with: key.key.reveal())
        try database.call(UpdateTeam.self, team.changes(#""name":"Zenith""#), as: holder)
        let entry = try #require(database.activity(of: team.id).last)

        #expect(entry.credential == "key:\(key.id)")
        #expect(entry.actor == owner.user)
        #expect(try database.countOfTables(with: key.secret) == 0)
    }

    /// A caller with a key's scopes, without a real key, because keys without scopes cannot be created.
    private func holder(for caller: Caller, _ scopes: [Scope]) -> Caller {
        Caller(
            user: caller.user,
            issuer: caller.issuer,
            subject: caller.subject,
            email: nil,
            credential: "key:0123456789ab",
            scopes: scopes
        )
    }
}
