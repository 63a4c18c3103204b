import Base
import Core
import Postgres

extension Query {
    /// Makes everything that adds to a user's teams wait for each other, so that the quota is exact.
    ///
    /// A statement of its own: the next one then sees what those before committed.
    static func lockUser(_ user: ID<User>) -> Query {
        "SELECT FROM nofx.users WHERE id = \(user) FOR NO KEY UPDATE"
    }
}
