package import Base
package import Core
package import Postgres

extension Query {
    /// Makes everything that adds to a user's teams wait for each other, so that the quota is exact.
    ///
    /// A statement of its own: the next one then sees what those before committed.
    static func lockUser(_ user: ID<User>) -> Query {
        "SELECT FROM nofx.users WHERE id = \(user) FOR NO KEY UPDATE"
    }

    /// Makes all changes of a team's members and invites wait for each other; who is no member locks nothing.
    ///
    /// A statement of its own: the next one then sees what those before committed, so that what it counts is true.
    package static func lockTeam(_ team: ID<Team>, for user: ID<User>) -> Query {
        """
        SELECT FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id AND m.user_id = \(user)
        WHERE t.id = \(team) AND t.deleted_at IS NULL FOR NO KEY UPDATE OF t
        """
    }
}
