package import Base
package import Core
package import Postgres

extension Query {
    /// Serializes the statements that add a team or an API key to a user, so that their quotas are exact.
    ///
    /// It is a statement of its own: the next statement then sees what earlier transactions committed.
    static func lockUser(_ user: ID<User>) -> Query {
        "SELECT FROM nofx.users WHERE id = \(user) FOR NO KEY UPDATE"
    }

    /// Serializes the changes of a team's members and invites.
    ///
    /// For a user who is not a member it locks nothing.
    ///
    /// It is a statement of its own: the next statement then sees what earlier transactions committed, so that its counts
    /// are exact.
    package static func lockTeam(_ team: ID<Team>, for user: ID<User>) -> Query {
        """
        SELECT FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id AND m.user_id = \(user)
        WHERE t.id = \(team) AND t.deleted_at IS NULL FOR NO KEY UPDATE OF t
        """
    }
}
