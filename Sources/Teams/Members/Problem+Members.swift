import Base

extension Problem {
    static let memberNotFound = Problem(status: 404, code: "member_not_found", detail: "The team has no such member.")

    static let roleNotAssignable = Problem(
        status: 422,
        code: "role_not_assignable",
        detail: "The owner's role is not given: transferOwnership makes somebody the owner.",
        violations: [Violation(field: "role", .invalidEnum, "must be admin, member or viewer")]
    )

    static let useLeaveTeam = Problem(
        status: 422,
        code: "use_leave_team",
        detail: "Nobody removes themselves: leaveTeam does that."
    )

    static let ownerRoleImmutable = Problem(
        status: 409,
        code: "owner_role_immutable",
        detail: "The owner's role and permissions do not change: transferOwnership makes somebody else the owner."
    )

    static let ownerCannotBeRemoved = Problem(
        status: 409,
        code: "owner_cannot_be_removed",
        detail: "The owner of a team cannot be removed."
    )

    static let ownerCannotLeave = Problem(
        status: 409,
        code: "owner_cannot_leave",
        detail: "The owner cannot leave: transferOwnership makes somebody else the owner."
    )

    static let alreadyOwner = Problem(status: 409, code: "already_owner", detail: "You own the team already.")
}
