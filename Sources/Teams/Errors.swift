package import Base
import Core

extension Problem {
    /// A kind of item whose number is limited.
    package enum Quota: String {
        case teams, members, invites, keys, webhooks

        fileprivate func reached(_ limit: Int) -> String {
            switch self {
            case .teams: "You have reached the limit of \(limit) teams that you own."
            case .members: "The team has reached its limit of \(limit) members, pending invites included."
            case .invites: "The team has reached its limit of \(limit) pending invites."
            case .keys: "You have reached the limit of \(limit) API keys."
            case .webhooks: "The team has reached its limit of \(limit) webhooks."
            }
        }
    }

    package static func quotaExceeded(_ quota: Quota, _ limit: Int) -> Problem {
        Problem(status: 403, code: "quota_exceeded", detail: quota.reached(limit), members: ["quota": quota.rawValue])
    }
}

// MARK: - Teams

extension Problem {
    static let slugTaken = Problem(
        status: 409,
        code: "slug_taken",
        detail: "Another team has this slug, or the slug is reserved."
    )

    static let versionConflict = Problem(
        status: 409,
        code: "version_conflict",
        detail: "The team has changed since the version in ifVersion."
    )
}

// MARK: - Members

extension Problem {
    static let memberNotFound = Problem(status: 404, code: "member_not_found", detail: "The team has no such member.")

    static let roleNotAssignable = Problem(
        status: 422,
        code: "role_not_assignable",
        detail: "The role owner cannot be assigned. Use transferOwnership to change the owner.",
        violations: [Violation(field: "role", .invalidEnum, "must be admin, member or viewer")]
    )

    static let useLeaveTeam = Problem(
        status: 422,
        code: "use_leave_team",
        detail: "You cannot remove yourself. Use leaveTeam instead."
    )

    static let ownerRoleImmutable = Problem(
        status: 409,
        code: "owner_role_immutable",
        detail: "The owner's role and permissions cannot be changed. Use transferOwnership to change the owner."
    )

    static let ownerCannotBeRemoved = Problem(
        status: 409,
        code: "owner_cannot_be_removed",
        detail: "The owner of a team cannot be removed."
    )

    static let ownerCannotLeave = Problem(
        status: 409,
        code: "owner_cannot_leave",
        detail: "The owner cannot leave the team. Use transferOwnership first."
    )

    static let alreadyOwner = Problem(status: 409, code: "already_owner", detail: "The member already owns the team.")

    static let memberDisabled = Problem(
        status: 409,
        code: "member_disabled",
        detail: "The member's account is disabled."
    )

    /// The member who is to become the owner owns as many teams as one user may own.
    static func heirOwnsTooManyTeams(_ limit: Int) -> Problem {
        Problem(
            status: 403,
            code: "quota_exceeded",
            detail: "The member has reached the limit of \(limit) teams that one user may own.",
            members: ["quota": Quota.teams.rawValue]
        )
    }
}

extension Denial {
    /// The caller manages members, but this change needs a higher role or a permission that the caller lacks.
    static func roleTooHigh(_ action: Action, team: ID<Team>, role: Role?) -> Denial {
        Denial(
            action,
            team: team.uuid,
            reason: .roleTooHigh,
            problem: Problem(
                status: 403,
                code: "role_too_high",
                detail: "You can manage members below your role, and grant only permissions that you hold."
            ),
            role: role
        )
    }

    /// The caller attempts to change their own role or permissions.
    static func ownRole(_ action: Action, team: ID<Team>, role: Role?) -> Denial {
        Denial(
            action,
            team: team.uuid,
            reason: .ownRole,
            problem: Problem(
                status: 403,
                code: "cannot_change_own_role",
                detail: "You cannot change your own role or permissions."
            ),
            role: role
        )
    }
}

// MARK: - Invites

extension Problem {
    static let alreadyMember = Problem(
        status: 409,
        code: "already_member",
        detail: "A member of the team already has this e-mail address."
    )

    static let invitePending = Problem(
        status: 409,
        code: "invite_pending",
        detail: "The address already has a pending invite. Use cancelInvite before you invite it again."
    )

    static let inviteNotFound = Problem(status: 404, code: "invite_not_found", detail: "There is no such invite.")

    static let inviteUsed = Problem(status: 409, code: "invite_used", detail: "The invite has already been accepted.")

    static let inviterRevoked = Problem(
        status: 409,
        code: "inviter_revoked",
        detail: "The inviter can no longer grant the invited role. Ask the team for another invite."
    )

    /// The error for an operation that needs a pending invite, on one that is not pending.
    static func inviteDecided(_ status: InviteStatus) -> Problem {
        Problem(status: 409, code: "invite_\(status.rawValue)", detail: "The invite is \(status.rawValue).")
    }
}

extension Denial {
    /// The identity provider does not confirm an e-mail address of the caller.
    static func emailNotVerified(_ action: Action) -> Denial {
        Denial(
            action,
            team: nil,
            reason: .emailNotVerified,
            problem: Problem(
                status: 403,
                code: "email_not_verified",
                detail: "Your identity provider has not verified an e-mail address for you."
            )
        )
    }

    static func unknownInvite(_ action: Action) -> Denial {
        Denial(action, team: nil, reason: .unknownInvite, problem: .inviteNotFound)
    }

    /// The caller's address is not the invited one.
    ///
    /// The security event names the team; the answer does not.
    static func emailMismatch(_ action: Action, team: ID<Team>) -> Denial {
        Denial(
            action,
            team: team.uuid,
            reason: .emailMismatch,
            problem: Problem(
                status: 403,
                code: "invite_email_mismatch",
                detail: "The invite is for another e-mail address than yours."
            )
        )
    }
}

// MARK: - Keys

extension Problem {
    static let keyNameTaken = Problem(
        status: 409,
        code: "key_name_taken",
        detail: "Another of your API keys has this name."
    )

    static let keyNotFound = Problem(status: 404, code: "key_not_found", detail: "You have no such API key.")
}
