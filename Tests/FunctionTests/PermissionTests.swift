import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// Every role with every kind of override, for every endpoint that needs a permission.
@Suite struct PermissionTests {
    struct Cell: Sendable, CustomTestStringConvertible {
        let role: Role
        let override: [Permission]?
        let permissions: [Permission]

        init(_ role: Role, _ override: [Permission]?, _ permissions: [Permission]) {
            self.role = role
            self.override = override
            self.permissions = permissions
        }

        var testDescription: String { "\(role), override \(override?.description ?? "none")" }
    }

    static let cells: [Cell] = [
        Cell(.admin, nil, [.read, .write, .delete]), Cell(.member, nil, [.read, .write]), Cell(.viewer, nil, [.read]),
        Cell(.admin, [], []), Cell(.member, [], []), Cell(.viewer, [], []),
        Cell(.admin, [.read], [.read]), Cell(.member, [.read], [.read]), Cell(.viewer, [.read], [.read]),
        Cell(.admin, [.read, .write], [.read, .write]), Cell(.member, [.read, .write], [.read, .write]),
        Cell(.viewer, [.read, .write], [.read, .write]),
        Cell(.admin, [.write], [.write]), Cell(.member, [.write], [.write]), Cell(.viewer, [.write], [.write]),
        Cell(.member, [.read, .write, .delete, .admin], [.read, .write, .delete, .admin]),
        Cell(.viewer, [.admin], [.admin]),
    ]

    // Cases: teams 43, 53, 54
    @Test(arguments: cells)
    func `a member has the permissions of the role or of the override`(_ cell: Cell) throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let member = try database.member(of: team, as: cell.role, permissions: cell.override)

        let canRead = cell.permissions.contains(.read)
        let read = database.refusal(of: GetTeam.self, team.reference, as: member)
        #expect(read == (canRead ? nil : "403 forbidden"))
        #expect(try database.call(ListTeams.self, "{}", as: member).items.count == (canRead ? 1 : 0))

        let canWrite = cell.permissions.contains(.write)
        let write = database.refusal(of: UpdateTeam.self, team.changes(#""name":"Zenith""#), as: member)
        #expect(write == (canWrite ? nil : "403 forbidden"))
        #expect(
            try database.value("SELECT name FROM nofx.teams WHERE id = \(team.id)") == (canWrite ? "Zenith" : "Acme")
        )

        #expect(database.refusal(of: DeleteTeam.self, team.reference, as: member) == "403 owner_only")
        if canRead {
            let seen = try database.call(GetTeam.self, team.reference, as: member)
            #expect(seen.role == cell.role)
            #expect(seen.permissions == cell.permissions)
            #expect((seen.settings != nil) == canWrite)
        }
    }

    @Test func `the owner may call everything, and a stranger nothing`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let changes = team.changes(#""name":"Zenith""#)
        let stranger = Caller.stranger()
        #expect(database.refusal(of: GetTeam.self, team.reference, as: stranger) == "404 team_not_found")
        #expect(database.refusal(of: UpdateTeam.self, changes, as: stranger) == "404 team_not_found")
        #expect(database.refusal(of: DeleteTeam.self, team.reference, as: stranger) == "404 team_not_found")
        #expect(try database.call(ListTeams.self, "{}", as: stranger).items.isEmpty)
        #expect(try database.call(GetTeam.self, team.reference, as: owner).permissions == Permission.allCases)
        #expect(database.refusal(of: UpdateTeam.self, changes, as: owner) == nil)
        #expect(database.refusal(of: DeleteTeam.self, team.reference, as: owner) == nil)
    }

    // Cases: teams 52
    @Test func `a viewer's change is refused with the missing permission`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let viewer = try database.member(of: team, as: .viewer)
        let denial = #expect(throws: Denial.self) {
            try database.call(UpdateTeam.self, team.changes(#""name":"Zenith""#), as: viewer)
        }
        #expect(denial?.problem.status == 403)
        #expect(denial?.problem.code == "forbidden")
        #expect(denial?.problem.detail == "Insufficient permissions to update team")
        #expect(denial?.problem.members == ["requiredPermission": "write"])
        #expect(denial?.action.name == "team.update")
        #expect(denial?.reason == .missingPermission)
        #expect(denial?.action.scope == .write)
        #expect(denial?.role == .viewer)
        #expect(denial?.team == team.id.uuid)
        #expect(try database.activity(of: team.id).count == 1)
    }

    @Test func `a version conflict is not revealed without write permission`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let viewer = try database.member(of: team, as: .viewer)
        let changes = team.changes(#""name":"Zenith","ifVersion":7"#)
        #expect(database.refusal(of: UpdateTeam.self, changes, as: viewer) == "403 forbidden")
        #expect(database.refusal(of: UpdateTeam.self, changes, as: .stranger()) == "404 team_not_found")
    }

    // Cases: teams 105
    @Test func `an owner has no override, and an override may contain only known permissions`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let member = try database.member(of: team, as: .member)
        let queries: [Query] = [
            "UPDATE nofx.team_members SET permissions = '{read}' WHERE role = 'owner'",
            "UPDATE nofx.team_members SET permissions = '{write,WRITE}' WHERE user_id = \(member.user)",
            "UPDATE nofx.team_members SET permissions = '{NULL}' WHERE user_id = \(member.user)",
            "UPDATE nofx.team_members SET permissions = '{read,read,read,read,read}' WHERE user_id = \(member.user)",
            "UPDATE nofx.team_members SET role = 'root' WHERE user_id = \(member.user)",
        ]
        for query in queries {
            let error = #expect(throws: PostgresError.self) { try database.rows(query) }
            #expect(error?.state == .checkViolation)
        }
    }
}
