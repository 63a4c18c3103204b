import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct ListInvitesTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
    }

    @Test func `the team's invites are listed newest first, without tokens`() throws {
        let first = try database.invitation("First@example.com", to: team, by: owner, as: .viewer)
        let second = try database.invitation("second@example.com", to: team, by: owner)
        let other = try database.team("Other", of: owner)
        _ = try database.invitation("third@example.com", to: other, by: owner)
        let page = try database.call(ListInvites.self, team.reference, as: owner)
        #expect(page.items.map(\.id) == [second.id, first.id])
        #expect(page.nextCursor == nil)
        let text = json(page)
        #expect(
            text == #"""
                {"items":[{"id":"\#(second.id)","email":"second@example.com","role":"member","status":"pending",\#
                "invitedBy":"\#(owner.user)","createdAt":"\#(second.createdAt)","expiresAt":"\#(second.expiresAt)",\#
                "decidedAt":null},{"id":"\#(first.id)","email":"First@example.com","role":"viewer","status":"pending",\#
                "invitedBy":"\#(owner.user)","createdAt":"\#(first.createdAt)","expiresAt":"\#(first.expiresAt)",\#
                "decidedAt":null}],"nextCursor":null}
                """#
        )
    }

    @Test func `invites can be filtered by status, and overdue ones count as expired`() throws {
        let accepted = try database.invitation("a@example.com", to: team, by: owner)
        try database.call(AcceptInvite.self, accepted.acceptance, as: .stranger(email: "a@example.com"))
        let cancelled = try database.invitation("c@example.com", to: team, by: owner)
        try database.call(CancelInvite.self, team.cancellation(of: cancelled.id), as: owner)
        let past = try database.invitation("e@example.com", to: team, by: owner)
        let replaced = try database.invitation("f@example.com", to: team, by: owner)
        try database.outlive("e@example.com")
        try database.outlive("f@example.com")
        let pending = try database.invitation("f@example.com", to: team, by: owner)
        let expected: [(InviteStatus, [ID<Invite>])] = [
            (.pending, [pending.id]), (.accepted, [accepted.id]), (.cancelled, [cancelled.id]),
            (.expired, [replaced.id, past.id]),
        ]
        for (status, ids) in expected {
            let input = team.changes(#""status":"\#(status.rawValue)""#)
            let page = try database.call(ListInvites.self, input, as: owner)
            #expect(page.items.map(\.id) == ids)
            #expect(page.items.allSatisfy { $0.status == status })
        }
        let all = try database.call(ListInvites.self, team.reference, as: owner).items
        #expect(all.map(\.status) == [.pending, .expired, .expired, .cancelled, .accepted])
        #expect(all.map { $0.decidedAt != nil } == [false, true, false, true, true])
    }

    @Test func `managers of members may list invites, and other members may not`() throws {
        _ = try database.invitation("a@example.com", to: team, by: owner)
        for (role, permissions) in [(Role.admin, nil), (.viewer, [Permission.admin])] as [(Role, [Permission]?)] {
            let caller = try database.member(of: team, as: role, permissions: permissions)
            #expect(try database.call(ListInvites.self, team.reference, as: caller).items.count == 1)
        }
        for (role, permissions) in [(Role.member, nil), (.viewer, nil), (.admin, [.read, .write, .delete])]
            as [(Role, [Permission]?)]
        {
            let caller = try database.member(of: team, as: role, permissions: permissions)
            let denial = #expect(throws: Denial.self) {
                try database.call(ListInvites.self, team.reference, as: caller)
            }
            #expect(denial?.reason == .missingPermission)
            #expect(denial?.problem.code == "forbidden")
            #expect(denial?.role == role)
        }
        let stranger = database.refusal(of: ListInvites.self, team.reference, as: .stranger())
        #expect(stranger == "404 team_not_found")
        let narrow = owner.key(scopes: [.read])
        #expect(database.refusal(of: ListInvites.self, team.reference, as: narrow) == "403 insufficient_scope")
        #expect(try database.call(ListInvites.self, team.reference, as: owner.key(scopes: [.admin])).items.count == 1)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(database.refusal(of: ListInvites.self, team.reference, as: owner) == "404 team_not_found")
    }

    @Test func `a team without invites has an empty list`() throws {
        let page = try database.call(ListInvites.self, team.reference, as: owner)
        #expect(page.items.isEmpty)
        #expect(page.nextCursor == nil)
    }

    @Test(arguments: [100, 25, 7])
    func `95 invites are paged without gaps or repetitions, also with equal times`(_ limit: Int) throws {
        try database.rows(
            """
            INSERT INTO nofx.team_invites (team_id, email, email_normalized, role, invited_by, created_at)
            SELECT \(team.id), n || '@example.com', n || '@example.com', 'member', \(owner.user),
                   now() - interval '1 second' * (n / 10)
            FROM generate_series(1, 95) AS n
            """
        )
        var (pages, cursor): ([[ID<Invite>]], Cursor?) = ([], nil)
        repeat {
            let page = try database.call(ListInvites.self, request(limit: limit, cursor), as: owner)
            pages.append(page.items.map(\.id))
            cursor = page.nextCursor
        } while cursor != nil && pages.count < 100
        let expected: [UUID] = try database.value(
            "SELECT array_agg(id ORDER BY created_at DESC, id DESC) FROM nofx.team_invites"
        )
        #expect(pages.flatMap { $0 }.map(\.uuid) == expected)
        #expect(pages.count == (95 + limit - 1) / limit)
    }

    @Test func `a cursor is valid only for its team and status, and each page checks the permission`() throws {
        for number in 0..<2 { _ = try database.invitation("a\(number)@example.com", to: team, by: owner) }
        let admin = try database.member(of: team, as: .admin)
        let cursor = try #require(try database.call(ListInvites.self, request(limit: 1, nil), as: admin).nextCursor)
        let next = request(limit: 1, cursor)
        #expect(database.refusal(of: ListInvites.self, next, as: admin) == nil)
        let pending = request(limit: 1, cursor, #""status":"pending""#)
        #expect(database.refusal(of: ListInvites.self, pending, as: admin) == "422 invalid_cursor")
        let other = try database.team("Other", of: owner)
        let foreign = #"{"teamId":"\#(other.id)","cursor":\#(json(cursor))}"#
        #expect(database.refusal(of: ListInvites.self, foreign, as: owner) == "422 invalid_cursor")
        try database.rows("DELETE FROM nofx.team_members WHERE user_id = \(admin.user)")
        #expect(database.refusal(of: ListInvites.self, next, as: admin) == "404 team_not_found")
    }

    @Test(arguments: [
        ["listMembers", "1", "00000000-0000-7000-8000-000000000000"],
        ["listInvites", "soon", "00000000-0000-7000-8000-000000000000"],
        ["listInvites", "1", "' OR true --"], ["listInvites", "1"],
        ["listInvites", "-9223372036854775808", "00000000-0000-7000-8000-000000000000"],
    ])
    func `a cursor that this list did not issue is rejected`(_ content: [String]) throws {
        let cursor = Cursor(list: content[0], binding: "\(team.id)/", keys: Array(content.dropFirst()))
        #expect(
            database.refusal(of: ListInvites.self, request(limit: 1, cursor), as: owner) == "422 invalid_cursor"
        )
    }

    // Cases: teams 48
    @Test(arguments: [
        #""status":"Pending""#, #""status":"used""#, #""status":["pending"]"#, #""limit":0"#, #""limit":101"#,
    ])
    func `an invalid filter is rejected`(_ member: String) throws {
        let refusal = database.refusal(of: ListInvites.self, team.changes(member), as: owner)
        #expect(refusal == "422 validation_failed")
    }

    private func request(limit: Int, _ cursor: Cursor?, _ more: String = #""status":null"#) -> String {
        team.changes(#""limit":\#(limit),"cursor":\#(cursor.map { json($0) } ?? "null"),\#(more)"#)
    }
}
