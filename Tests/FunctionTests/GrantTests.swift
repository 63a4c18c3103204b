import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

/// No member gives another user more than the member has, in role and permissions together, on any path.
@Suite struct GrantTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
    }

    private func change(_ target: Caller, _ change: String, by actor: Caller) throws -> String? {
        let input = team.event(on: try database.membership(of: target, in: team), change)
        return database.refusal(of: UpdateMemberRole.self, input, as: actor)
    }

    private func removal(of target: Caller, by actor: Caller) throws -> String? {
        let input = team.event(on: try database.membership(of: target, in: team))
        return database.refusal(of: RemoveMember.self, input, as: actor)
    }

    /// What a role with an override permits, written down independently of the database.
    private static func permissions(_ role: Role, _ override: [Permission]?) -> Set<Permission> {
        if let override { return Set(override) }
        return switch role {
        case .owner: [.read, .write, .delete, .admin]
        case .admin: [.read, .write, .delete]
        case .member: [.read, .write]
        case .viewer: [.read]
        }
    }

    private static let overrides: [[Permission]?] = [
        nil, [], [.read], [.admin], [.read, .admin], [.read, .write, .admin], [.read, .write, .delete],
        [.read, .write, .delete, .admin],
    ]

    @Test(arguments: [Role.owner, .admin, .member, .viewer])
    func `every grant is within the rank and the permissions of the granting member`(_ role: Role) throws {
        let ranks: [Role] = [.viewer, .member, .admin, .owner]
        for override in role == .owner ? [nil] : Self.overrides {
            for target in ranks {
                for given in Self.overrides {
                    let isGrantable: Bool = try database.value(
                        "SELECT nofx.may_grant(\(role), \(override), \(target), \(given))"
                    )
                    let isManaging = override.map { $0.contains(.admin) } ?? (role == .owner || role == .admin)
                    let isWithinRank = (ranks.firstIndex(of: target) ?? 9) <= (ranks.firstIndex(of: role) ?? 0)
                    let isSubset = Self.permissions(target, given).isSubset(of: Self.permissions(role, override))
                    #expect(
                        isGrantable == (isManaging && isWithinRank && isSubset),
                        "\(role) \(override ?? []) gives \(target) \(given ?? [])"
                    )
                }
            }
        }
    }

    @Test func `an admin whose override lacks a permission does not give it by a role, an undo or an invite`() throws {
        let admin = try database.member(of: team, as: .admin, permissions: [.read, .admin])
        let viewer = try database.member(of: team, as: .viewer)
        let suspended = try database.member(of: team, as: .member, permissions: [])
        let before = try database.roll(of: team)
        #expect(try change(viewer, #""role":"member""#, by: admin) == "403 role_too_high")
        #expect(try change(viewer, #""role":"admin""#, by: admin) == "403 role_too_high")
        #expect(try change(viewer, #""permissions":["write"]"#, by: admin) == "403 role_too_high")
        #expect(try change(suspended, #""permissions":null"#, by: admin) == "403 role_too_high")
        #expect(
            try change(suspended, #""role":"viewer","permissions":["read","write"]"#, by: admin) == "403 role_too_high"
        )
        #expect(try database.roll(of: team) == before)
        for role in ["admin", "member"] {
            let input = team.invitation("second@example.com", #""role":"\#(role)""#)
            let denial = #expect(throws: Denial.self) { try database.call(InviteMember.self, input, as: admin) }
            #expect(denial?.problem.code == "role_too_high")
            #expect(denial?.reason == .roleTooHigh)
        }
        #expect(try database.inviteCounts() == [0, 0, 0])

        // What the admin has can be given, together with a role that would permit more by itself.
        #expect(try change(suspended, #""role":"viewer","permissions":null"#, by: admin) == nil)
        #expect(try change(viewer, #""role":"member","permissions":["read"]"#, by: admin) == nil)
        #expect(try change(viewer, #""role":"admin""#, by: admin) == nil)
        let invited = team.invitation("second@example.com", #""role":"viewer""#)
        #expect(database.refusal(of: InviteMember.self, invited, as: admin) == nil)
    }

    @Test func `a kept override counts with the new role`() throws {
        let admin = try database.member(of: team, as: .admin, permissions: [.read, .write, .admin])
        let target = try database.member(of: team, as: .viewer, permissions: [.read, .delete])
        #expect(try change(target, #""role":"member""#, by: admin) == "403 role_too_high")
        #expect(try change(target, #""role":"member","permissions":null"#, by: admin) == nil)
    }

    @Test func `a member who manages is not changed or removed by members with fewer permissions`() throws {
        let plain = try database.member(of: team, as: .admin)
        let restricted = try database.member(of: team, as: .admin, permissions: [.read, .admin])
        let deputy = try database.member(of: team, as: .member, permissions: Permission.allCases)
        for actor in [plain, restricted] {
            #expect(try removal(of: deputy, by: actor) == "403 role_too_high")
            #expect(try change(deputy, #""role":"viewer","permissions":[]"#, by: actor) == "403 role_too_high")
            #expect(try change(deputy, #""permissions":["read"]"#, by: actor) == "403 role_too_high")
        }
        // A member who does not manage can be suspended and removed by an admin with fewer permissions.
        let member = try database.member(of: team, as: .member)
        #expect(try change(member, #""permissions":[]"#, by: restricted) == nil)
        #expect(try removal(of: member, by: restricted) == nil)
        #expect(try removal(of: deputy, by: owner) == nil)
    }

    @Test func `an invite is accepted with the permissions that the inviter has at that moment`() throws {
        let admin = try database.member(of: team, as: .admin)
        let guest = Caller.stranger(email: "guest@example.com")
        let invite = try database.invitation("guest@example.com", to: team, by: admin, as: .member)
        let states: [Query] = [
            "UPDATE nofx.team_members SET permissions = '{read,admin}' WHERE user_id = \(admin.user)",
            "UPDATE nofx.team_members SET permissions = '{read,write,delete}' WHERE user_id = \(admin.user)",
            """
            UPDATE nofx.team_members SET permissions = '{read,write,admin}', role = 'viewer'
            WHERE user_id = \(admin.user)
            """,
        ]
        for state in states {
            try database.rows(state)
            let refusal = database.refusal(of: AcceptInvite.self, invite.acceptance, as: guest)
            #expect(refusal == "409 inviter_revoked", "\(state)")
        }
        #expect(try database.guests(of: team) == ["viewer"])
        try database.rows(
            "UPDATE nofx.team_members SET permissions = '{read,write,admin}', role = 'member' WHERE user_id = \(admin.user)"
        )
        #expect(database.refusal(of: AcceptInvite.self, invite.acceptance, as: guest) == nil)
    }

    @Test func `invites that a restricted inviter could not send are cancelled, and the others stay`() throws {
        let admin = try database.member(of: team, as: .admin)
        try database.invitation("a@example.com", to: team, by: admin, as: .admin)
        try database.invitation("b@example.com", to: team, by: admin, as: .member)
        try database.invitation("c@example.com", to: team, by: admin, as: .viewer)
        #expect(try change(admin, #""permissions":["read","admin"]"#, by: owner) == nil)
        #expect(
            try database.invites(of: team) == [
                "a@example.com cancelled", "b@example.com cancelled", "c@example.com pending",
            ]
        )
    }

    @Test func `an admin whose override lacks permissions of admins does not see the billing address`() throws {
        let restricted = try database.member(of: team, as: .admin, permissions: [.read])
        let plain = try database.member(of: team, as: .admin)
        #expect(try database.call(GetTeam.self, team.reference, as: restricted).billingEmail == nil)
        #expect(try database.call(GetTeam.self, team.reference, as: plain).billingEmail == "owner@example.com")
    }

    @Test(
        arguments: [
            ("admin", .admin, [.read], false), ("admin", .admin, [.read, .admin], false),
            ("admin", .admin, [.read, .write, .delete], true), ("member", .admin, [.read], false),
            ("member", .member, [.read], false), ("member", .member, [.read, .write], true),
            ("viewer", .admin, [.read], true), ("viewer", .viewer, [], false), ("viewer", .viewer, [.write], false),
            ("admin", .member, [.read, .write, .delete, .admin], false),
        ] as [(String, Core.Role, [Permission], Bool)]
    )
    func `a gate for a role is decided only with the permissions of that role`(
        required: String,
        role: Core.Role,
        override: [Permission],
        isAllowed: Bool
    ) throws {
        let world = try RunWorld([
            TestStep("approve", "gate:manual", inputs: #"{"role":"\#(required)","allowWaive":true}"#)
        ])
        let caller = try world.member(as: role, permissions: override)
        let waiver = world.step("approve", #""reason":"Late.""#)
        let refusals = [
            world.database.refusal(of: WaiveGate.self, waiver, as: caller),
            isAllowed ? nil : world.database.refusal(of: ApproveGate.self, world.step("approve"), as: caller),
        ]
        #expect(refusals == (isAllowed ? [nil, nil] : ["403 forbidden", "403 forbidden"]))
        let status: String = try world.database.value("SELECT status FROM nofx.gates")
        #expect(status == (isAllowed ? "waived" : "pending"))
    }
}
