import Base

extension Problem {
    static let memberNotFound = Problem(404, "member_not_found", "The team has no such member.")

    static let roleNotAssignable = Problem(
        422,
        "role_not_assignable",
        "The owner's role is not given: transferOwnership makes somebody the owner.",
        violations: [Violation(field: "role", .invalidEnum, "must be admin, member or viewer")]
    )

    static let useLeaveTeam = Problem(422, "use_leave_team", "Nobody removes themselves: leaveTeam does that.")

    static let ownerRoleImmutable = Problem(
        409,
        "owner_role_immutable",
        "The owner's role and permissions do not change: transferOwnership makes somebody else the owner."
    )

    static let ownerCannotBeRemoved = Problem(409, "owner_cannot_be_removed", "The owner of a team cannot be removed.")

    static let ownerCannotLeave = Problem(
        409,
        "owner_cannot_leave",
        "The owner cannot leave: transferOwnership makes somebody else the owner."
    )

    static let alreadyOwner = Problem(409, "already_owner", "You own the team already.")
}
