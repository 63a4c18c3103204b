import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct TransferOwnershipTests {
    // Cases: teams 113
    @Test(arguments: [Role.admin, .member, .viewer])
    func `the owner transfers the team to any member, and becomes an admin`(_ role: Role) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger(email: "owner@example.com")
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: role)
        let input = team.event(on: try database.membership(of: heir, in: team))
        let seen = try database.call(TransferOwnership.self, input, as: owner)
        #expect(seen.id == team.id)
        #expect(seen.owner == heir.user)
        #expect(seen.role == .admin)
        #expect(seen.permissions == [.read, .write, .delete])
        #expect(seen.billingEmail == "owner@example.com")
        #expect(seen.version == 2)
        #expect(try database.ownership(of: team) == "1 owner, named")
        #expect(try database.role(of: owner, in: team) == .admin)
        #expect(try database.role(of: heir, in: team) == .owner)
        let entry = try #require(try database.activity(of: team.id).last)
        #expect(entry.action == "ownership.transferred")
        #expect(entry.actor == owner.user)
        #expect(entry.resource == team.id.description)
        #expect(entry.metadata == #"{"userId": "\#(heir.user)", "oldOwnerId": "\#(owner.user)"}"#)
    }

    // Cases: teams 64, 113
    @Test func `the owner's rights move with the ownership`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: .viewer)
        let back = team.event(on: try database.membership(of: owner, in: team))
        let input = team.event(on: try database.membership(of: heir, in: team))
        try database.call(TransferOwnership.self, input, as: owner)
        #expect(database.refusal(of: TransferOwnership.self, input, as: owner) == "403 owner_only")
        #expect(database.refusal(of: DeleteTeam.self, team.reference, as: owner) == "403 owner_only")
        #expect(database.refusal(of: LeaveTeam.self, team.reference, as: heir) == "409 owner_cannot_leave")
        #expect(try database.call(TransferOwnership.self, back, as: heir).owner == owner.user)
        #expect(database.refusal(of: LeaveTeam.self, team.reference, as: heir) == nil)
        #expect(try database.ownership(of: team) == "1 owner, named")
    }

    // Cases: teams 121
    @Test func `a new owner's override is removed`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: .admin, permissions: [.read])
        let input = team.event(on: try database.membership(of: heir, in: team))
        try database.call(TransferOwnership.self, input, as: owner)
        let seen = try database.call(GetTeam.self, team.reference, as: heir)
        #expect(seen.role == .owner)
        #expect(seen.permissions == Permission.allCases)
    }

    @Test func `the pending invites of both members stay valid`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: .admin)
        try database.invite("a@example.com", to: team, by: owner)
        try database.invite("b@example.com", to: team, by: heir)
        let input = team.event(on: try database.membership(of: heir, in: team))
        try database.call(TransferOwnership.self, input, as: owner)
        #expect(try database.invites(by: owner, to: team) == ["pending"])
        #expect(try database.invites(by: heir, to: team) == ["pending"])
    }

    // Cases: teams 114
    @Test func `a transfer to the current owner is rejected`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let (before, roll) = (try database.snapshot(of: team), try database.roll(of: team))
        let id = try database.membership(of: owner, in: team).description
        for name in [id, id.uppercased()] {
            let input = team.changes(#""memberId":"\#(name)""#)
            #expect(database.refusal(of: TransferOwnership.self, input, as: owner) == "409 already_owner")
        }
        #expect(try database.snapshot(of: team) == before)
        #expect(try database.roll(of: team) == roll)
    }

    // Cases: teams 115
    @Test func `the ownership can be transferred only to a member of the team`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team(of: .stranger()))
        let foreigner = try database.member(of: other, as: .admin)
        let member = try database.member(of: team, as: .member)
        let (before, roll) = (try database.snapshot(of: team), try database.roll(of: team))
        let unknown = [
            try database.membership(of: foreigner, in: other).description, UUID.v7().description,
            foreigner.user.description, member.user.description,
        ]
        for id in unknown {
            let input = team.changes(#""memberId":"\#(id)""#)
            #expect(database.refusal(of: TransferOwnership.self, input, as: owner) == "404 member_not_found")
        }
        for id in [#""non-existent-user""#, "{}", "[]", "null", "0", #""""#] {
            let input = team.changes(#""memberId":\#(id)"#)
            #expect(database.refusal(of: TransferOwnership.self, input, as: owner) == "422 validation_failed")
        }
        #expect(try database.snapshot(of: team) == before)
        #expect(try database.roll(of: team) == roll)
    }

    // Cases: teams 116
    @Test(arguments: [Role.admin, .member, .viewer])
    func `only the owner transfers a team`(_ role: Role) throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let caller = try database.member(of: team, as: role, permissions: Permission.allCases)
        let own = team.event(on: try database.membership(of: caller, in: team))
        let nobody = team.event(on: ID<Member>.make())
        for input in [own, nobody] {
            let denial = #expect(throws: Denial.self) { try database.call(TransferOwnership.self, input, as: caller) }
            #expect(denial?.problem.status == 403)
            #expect(denial?.problem.code == "owner_only")
            #expect(denial?.problem.detail == "Only team owners can transfer ownership")
            #expect(denial?.action.name == "ownership.transfer")
            #expect(denial?.reason == .notOwner)
            #expect(denial?.role == role)
            #expect(denial?.team == team.id.uuid)
        }
        #expect(database.refusal(of: TransferOwnership.self, own, as: .stranger()) == "404 team_not_found")
        #expect(try database.ownership(of: team) == "1 owner, named")
        #expect(try database.activity(of: team.id).count == 1)
    }

    @Test func `a deleted team cannot be transferred`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: .admin)
        let input = team.event(on: try database.membership(of: heir, in: team))
        try database.call(DeleteTeam.self, team.reference, as: owner)
        let roll = try database.roll(of: team)
        #expect(database.refusal(of: TransferOwnership.self, input, as: owner) == "404 team_not_found")
        #expect(try database.roll(of: team) == roll)
    }

    // Cases: teams 120
    @Test(arguments: ["owner", "admin"])
    func `a failure during a transfer changes nothing`(_ role: String) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: .member, permissions: [.read])
        let input = team.event(on: try database.membership(of: heir, in: team))
        let (before, roll) = (try database.snapshot(of: team), try database.roll(of: team))
        try database.rows("CREATE TABLE failing_role (role text)")
        try database.rows("INSERT INTO failing_role VALUES (\(role))")
        try database.rows("GRANT SELECT ON failing_role TO PUBLIC")
        try database.rows(
            """
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.role = (SELECT role FROM failing_role) THEN RAISE EXCEPTION 'no'; END IF;
                RETURN NEW;
            END
            $$
            """
        )
        try database.rows(
            "CREATE TRIGGER fail AFTER UPDATE ON nofx.team_members FOR EACH ROW EXECUTE FUNCTION fail()"
        )
        #expect(throws: (any Error).self) { try database.call(TransferOwnership.self, input, as: owner) }
        #expect(try database.snapshot(of: team) == before)
        #expect(try database.roll(of: team) == roll)
        #expect(try database.activity(of: team.id).count == 1)
        try database.rows("DROP TRIGGER fail ON nofx.team_members")
        #expect(database.refusal(of: TransferOwnership.self, input, as: owner) == nil)
    }

    @Test func `an API key cannot transfer a team`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: .admin)
        let input = team.event(on: try database.membership(of: heir, in: team))
        let key = owner.throughKey(.ofMembers, for: team)
        #expect(database.refusal(of: TransferOwnership.self, input, as: key) == "403 session_required")
        #expect(try database.role(of: owner, in: team) == .owner)
    }
}
