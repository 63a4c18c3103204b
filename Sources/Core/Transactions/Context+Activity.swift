public import Base
public import Postgres

extension Context {
    /// Reports an entry of the audit trail that was lost, with all that it would have said.
    ///
    /// - Parameters:
    ///   - row: A row whose column `activity` is what `nofx.log_activity` returned.
    ///   - action: What was to be recorded.
    ///   - team: The team it was done to.
    ///   - metadata: What was to be recorded of it.
    /// - Throws: `PostgresError` when there is no such column.
    public func noteActivity<Team>(
        _ row: Row,
        _ action: String,
        team: ID<Team>,
        _ metadata: KeyValuePairs<String, any JSONEncodable>
    ) throws(PostgresError) {
        guard try row["activity"] as Int? == nil else { return }
        var json = JSONWriter()
        json.object { json in
            for (name, value) in metadata { json.member(name, value) }
        }
        log.error(
            "activity.lost",
            [
                "action": action, "teamId": team, "userId": caller?.user,
                "metadata": JSONText(trusted: json.bytes), "origin": record,
            ]
        )
    }
}
