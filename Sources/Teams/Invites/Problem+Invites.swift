import Base

extension Problem {
    static let alreadyMember = Problem(
        status: 409,
        code: "already_member",
        detail: "Whoever has this address is a member already."
    )

    static let invitePending = Problem(
        status: 409,
        code: "invite_pending",
        detail: "The address has an invite already: cancelInvite makes room for another."
    )

    static let inviteNotFound = Problem(status: 404, code: "invite_not_found", detail: "There is no such invite.")

    static let inviteUsed = Problem(status: 409, code: "invite_used", detail: "The invite was accepted already.")

    static let inviterRevoked = Problem(
        status: 409,
        code: "inviter_revoked",
        detail: "Whoever made the invite cannot invite any more: ask the team for another."
    )

    /// What is done once to a pending invite cannot be done to one that is not pending any more.
    static func inviteDecided(_ status: InviteStatus) -> Problem {
        Problem(status: 409, code: "invite_\(status.rawValue)", detail: "The invite is \(status.rawValue).")
    }
}
