import Base
import Core

extension Denial {
    /// The caller manages members, but not those of this rank, or not as far as they are to be raised.
    static func roleTooHigh(_ action: Action, team: ID<Team>, role: Role?) -> Denial {
        Denial(
            action,
            team: team.uuid,
            reason: .roleTooHigh,
            problem: Problem(
                status: 403,
                code: "role_too_high",
                detail: "You manage members of lower roles than yours, and give no more than you have."
            ),
            role: role
        )
    }

    /// The caller wants another role or other permissions for themselves.
    static func ownRole(_ action: Action, team: ID<Team>, role: Role?) -> Denial {
        Denial(
            action,
            team: team.uuid,
            reason: .ownRole,
            problem: Problem(
                status: 403,
                code: "cannot_change_own_role",
                detail: "Nobody changes their own role or permissions."
            ),
            role: role
        )
    }
}
