import Base
import Core
import Postgres

extension Context {
    /// Reports an entry of the audit trail that was lost, with all that it would have said.
    ///
    /// - Parameters:
    ///   - row: A row whose column `activity` is what `nofx.log_activity` returned.
    ///   - action: What was to be recorded.
    ///   - team: The team it was done to.
    /// - Throws: `PostgresError` when there is no such column.
    func noteActivity(_ row: Row, action: String, team: ID<Team>) throws(PostgresError) {
        guard try row["activity"] as Int? == nil else { return }
        log.error(
            "activity.lost",
            ["teamId": team, "userId": caller?.user, "action": action, "record": record]
        )
    }
}
