import Base

extension Problem {
    static let alreadyMember = Problem(409, "already_member", "Whoever has this address is a member already.")

    static let invitePending = Problem(
        409,
        "invite_pending",
        "The address has an invite already: cancelInvite makes room for another."
    )

    static let inviteNotFound = Problem(404, "invite_not_found", "There is no such invite.")

    static let inviteUsed = Problem(409, "invite_used", "The invite was accepted already.")

    static let inviterRevoked = Problem(
        409,
        "inviter_revoked",
        "Whoever made the invite cannot invite any more: ask the team for another."
    )

    /// What is done once to a pending invite cannot be done to one that is not pending any more.
    static func inviteDecided(_ status: InviteStatus) -> Problem {
        Problem(409, "invite_\(status.rawValue)", "The invite is \(status.rawValue).")
    }
}
