import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// Actions that need a person: API keys are rejected whatever their scopes.
@Suite struct APIKeySessionTests {
    // Cases: teams 97
    @Test(arguments: [true, false])
    func `a key cannot accept an invite, transfer a team or leave one`(isForTeam: Bool) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger(email: "owner@example.com")
        let team = try database.team(of: owner)
        let heir = try database.member(of: team, as: .admin)
        let seat: UUID = try database.value("SELECT id FROM nofx.team_members WHERE user_id = \(heir.user)")
        let holder = try database.keyHolder(for: owner, .ofMembers, team: isForTeam ? team : nil)
        let before = try database.snapshot(of: team)
        let refused = "403 session_required"

        let token = #"{"token":"\#(InviteToken.make().text)"}"#
        #expect(database.refusal(of: AcceptInvite.self, token, as: holder) == refused)
        let handover = #"{"teamId":"\#(team.id)","memberId":"\#(seat)"}"#
        #expect(database.refusal(of: TransferOwnership.self, handover, as: holder) == refused)
        #expect(database.refusal(of: LeaveTeam.self, team.reference, as: holder) == refused)
        #expect(try database.snapshot(of: team) == before)
        #expect(database.refusal(of: TransferOwnership.self, handover, as: owner) == nil)
    }
}
