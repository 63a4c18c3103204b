public import Base

/// An attempt that was refused: answered, logged and recorded as a security event.
public struct Denial: Error, Sendable {
    /// Why it was refused.
    public enum Reason: String, Sendable {
        case notMember = "not_a_member_or_missing"
        case missingPermission = "missing_permission"
        case notOwner = "not_owner"
    }

    /// What was attempted, such as `team.update`.
    public let action: String

    /// The team that the caller named.
    public let team: UUID

    /// Why it was refused.
    public let reason: Reason

    /// What the caller is told.
    public let problem: Problem

    /// The caller's role.
    public private(set) var role: Role?

    /// The permission that was needed, where one would have been enough.
    public private(set) var required: Permission?

    /// The team is not there, or the caller is not its member; nobody is told which.
    public static func notMember<Team>(_ action: String, team: ID<Team>) -> Denial {
        Denial(
            action: action,
            team: team.uuid,
            reason: .notMember,
            problem: Problem(404, "team_not_found", "There is no such team, or you are not a member of it.")
        )
    }

    /// The caller is a member without the permission.
    public static func missing<Team>(
        _ permission: Permission,
        _ action: String,
        team: ID<Team>,
        role: Role?,
        detail: String
    ) -> Denial {
        Denial(
            action: action,
            team: team.uuid,
            reason: .missingPermission,
            problem: Problem(403, "forbidden", detail, members: ["requiredPermission": permission.rawValue]),
            role: role,
            required: permission
        )
    }

    /// The caller is a member but not the owner.
    public static func notOwner<Team>(_ action: String, team: ID<Team>, role: Role?, detail: String) -> Denial {
        Denial(
            action: action,
            team: team.uuid,
            reason: .notOwner,
            problem: Problem(403, "owner_only", detail),
            role: role
        )
    }
}
