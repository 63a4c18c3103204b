public import Base
public import Postgres

extension Query {
    /// How a statement holds the membership that it relies on.
    public enum ActorLock: Sendable {
        /// The statement only reads.
        case none

        /// The team waits for other changes of it, and the membership stays as it is until the transaction ends.
        case team
    }

    /// The CTE `actor`: the caller's membership in a team that is not deleted; no row for another caller.
    ///
    /// Its columns are the team's `name`, and the member's `role`, `override`, `permissions` and `can_manage`.
    ///
    /// ```swift
    /// "WITH \(fragment: .actor(user, in: team)), page AS (…) SELECT … FROM actor LEFT JOIN page ON true"
    /// ```
    public static func actor<Team>(_ user: ID<User>, in team: ID<Team>, locking lock: ActorLock = .none) -> Query {
        """
        actor AS MATERIALIZED (
            SELECT t.name, m.role, m.permissions AS override,
                   nofx.permissions(m.role, m.permissions) AS permissions,
                   nofx.can_manage(m.role, m.permissions) AS can_manage
            FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
            WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)\(sql: lock.clause)
        )
        """
    }
}

extension Query.ActorLock {
    fileprivate var clause: StaticString {
        switch self {
        case .none: ""
        case .team: "\nFOR NO KEY UPDATE OF t FOR SHARE OF m"
        }
    }
}
