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

    /// The team, as the caller named it.
    public let team: String

    /// Why it was refused.
    public let reason: Reason

    /// The permission that was needed, where one would have been enough.
    public let required: Permission?

    /// The caller's role.
    public let role: Role?

    /// What the caller is told.
    public let problem: Problem

    /// The team is not there, or the caller is not its member; nobody is told which.
    public static func notMember(_ action: String, team: some CustomStringConvertible) -> Denial {
        Denial(
            action: action,
            team: team.description,
            reason: .notMember,
            required: nil,
            role: nil,
            problem: Problem(404, "team_not_found", "There is no such team, or you are not a member of it.")
        )
    }

    /// The caller is a member without the permission.
    public static func missing(
        _ permission: Permission,
        _ action: String,
        team: some CustomStringConvertible,
        role: Role?,
        detail: String
    ) -> Denial {
        Denial(
            action: action,
            team: team.description,
            reason: .missingPermission,
            required: permission,
            role: role,
            problem: Problem(403, "forbidden", detail, members: ["requiredPermission": permission.rawValue])
        )
    }

    /// The caller is a member but not the owner.
    public static func notOwner(
        _ action: String,
        team: some CustomStringConvertible,
        role: Role?,
        detail: String
    ) -> Denial {
        Denial(
            action: action,
            team: team.description,
            reason: .notOwner,
            required: nil,
            role: role,
            problem: Problem(403, "owner_only", detail)
        )
    }
}
