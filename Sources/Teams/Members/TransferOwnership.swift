import Base
public import Core
import Postgres

extension Team {
    private static var transferring: Action {
        Action(
            "ownership.transfer",
            needs: .admin,
            sessionOnly: true,
            refusal: "Only team owners can transfer ownership"
        )
    }

    /// Makes another member the owner.
    ///
    /// The previous owner becomes an admin. An operator can do this as well when the owner's account is disabled, because
    /// no member could.
    ///
    /// - Throws: A `Denial` for callers other than the owner; 404 `member_not_found`, 409 `already_owner` and
    ///   `member_disabled`, 403 `quota_exceeded`.
    public static func transfer(to heir: Member.Reference, in context: inout Context) throws -> Team {
        let (id, quota) = (heir.team, context.quotas.teams)
        _ = try context.user(attempting: transferring, on: id)
        let rows = try context.write(
            """
            SELECT x.outcome, x.role, x.permissions, x.old_owner, x.heir, x.activity, (x.team).*
            FROM nofx.transfer_ownership(\(id), \(heir.member), \(quota)::integer, \(context.record)) x
            """
        )
        guard let row = rows.first else { throw Problem.internal }
        switch try row["outcome"] as Outcome {
        case .ok: break
        case .notMember: throw Denial.notMember(transferring, team: id)
        case .notOwner: throw Denial.notOwner(transferring, team: id, role: try row["role"])
        case .noHeir: throw Problem.memberNotFound
        case .alreadyOwner: throw Problem.alreadyOwner
        case .heirDisabled: throw Problem.memberDisabled
        case .full: throw Problem.heirOwnsTooManyTeams(quota)
        }
        try context.noteActivity(
            row,
            "ownership.transferred",
            team: id,
            ["oldOwnerId": try row["old_owner"] as ID<User>, "userId": try row["heir"] as ID<User>]
        )
        return try Team(row: row, seenBy: context.caller)
    }

    /// The outcome of `nofx.transfer_ownership`.
    private enum Outcome: String, PostgresDecodable {
        case ok, full
        case notMember = "no_member"
        case notOwner = "not_owner"
        case noHeir = "no_heir"
        case alreadyOwner = "already_owner"
        case heirDisabled = "heir_disabled"
    }
}
