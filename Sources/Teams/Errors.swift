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
        Problem(403, "quota_exceeded", quota.reached(limit), members: ["quota": quota.rawValue])
    }
}

// MARK: - Teams

extension Problem {
    static let slugTaken = Problem(409, "slug_taken", "Another team has this slug, or the slug is reserved.")

    static let versionConflict = Problem(
        409,
        "version_conflict",
        "The team has changed since the version in ifVersion."
    )
}

// MARK: - Members

extension Problem {
    static let memberNotFound = Problem(404, "member_not_found", "The team has no such member.")

    static let roleNotAssignable = Problem(
        422,
        "role_not_assignable",
        "The role owner cannot be assigned. Use transferOwnership to change the owner.",
        violations: [Violation(field: "role", .invalidEnum, "must be admin, member or viewer")]
    )

    static let useLeaveTeam = Problem(422, "use_leave_team", "You cannot remove yourself. Use leaveTeam instead.")

    static let ownerRoleImmutable = Problem(
        409,
        "owner_role_immutable",
        "The owner's role and permissions cannot be changed. Use transferOwnership to change the owner."
    )

    static let ownerCannotBeRemoved = Problem(409, "owner_cannot_be_removed", "The owner of a team cannot be removed.")

    static let ownerCannotLeave = Problem(
        409,
        "owner_cannot_leave",
        "The owner cannot leave the team. Use transferOwnership first."
    )

    static let alreadyOwner = Problem(409, "already_owner", "You already own the team.")
}

extension Denial {
    /// The caller manages members, but this change needs a higher role or a permission that the caller lacks.
    static func roleTooHigh(_ action: Action, team: ID<Team>, role: Role?) -> Denial {
        Denial(
            action,
            team: team.uuid,
            reason: .roleTooHigh,
            problem: Problem(
                403,
                "role_too_high",
                "You can manage members below your role, and grant only permissions that you hold."
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
            problem: Problem(403, "cannot_change_own_role", "You cannot change your own role or permissions."),
            role: role
        )
    }
}

// MARK: - Invites

extension Problem {
    static let alreadyMember = Problem(409, "already_member", "A member of the team already has this e-mail address.")

    static let invitePending = Problem(
        409,
        "invite_pending",
        "The address already has a pending invite. Use cancelInvite before you invite it again."
    )

    static let inviteNotFound = Problem(404, "invite_not_found", "There is no such invite.")

    static let inviteUsed = Problem(409, "invite_used", "The invite has already been accepted.")

    static let inviterRevoked = Problem(
        409,
        "inviter_revoked",
        "The inviter has left the team, or now ranks below the invited role. Ask the team for another invite."
    )

    /// The error for an operation that needs a pending invite, on one that is not pending.
    static func inviteDecided(_ status: InviteStatus) -> Problem {
        Problem(409, "invite_\(status.rawValue)", "The invite is \(status.rawValue).")
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
                403,
                "email_not_verified",
                "Your identity provider has not verified an e-mail address for you."
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
            problem: Problem(403, "invite_email_mismatch", "The invite is for another e-mail address than yours.")
        )
    }
}

// MARK: - Keys

extension Problem {
    static let keyNameTaken = Problem(409, "key_name_taken", "Another of your API keys has this name.")

    static let keyNotFound = Problem(404, "key_not_found", "You have no such API key.")
}
