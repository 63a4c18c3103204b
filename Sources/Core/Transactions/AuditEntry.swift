import Base
public import Postgres

/// An entry of a team's audit trail, described once: for the statement that stores it, and for the log when storing
/// fails.
///
/// The audit trail is best effort: a change does not fail because its entry cannot be stored.
public struct AuditEntry: Sendable {
    /// The columns for the SELECT of the statement that makes the change.
    public let columns: Query

    fileprivate let action: String
}

extension Context {
    /// Describes an entry of a team's audit trail; the caller is its actor.
    ///
    /// - Parameters:
    ///   - action: What the caller does, such as `team.updated`.
    ///   - team: The SQL expression for the team.
    ///   - name: The SQL expression for the team's name.
    ///   - kind: The kind of the resource, such as `member`.
    ///   - id: The SQL expression for the resource's identifier.
    ///   - metadata: A `json_build_object` with the entry's details.
    ///   - condition: The SQL condition under which the change was made; by default, that `id` is not NULL.
    /// - Returns: The entry.
    public func auditEntry(
        _ action: String,
        of team: Query,
        named name: Query,
        on kind: String,
        _ id: Query,
        metadata: Query,
        if condition: Query? = nil
    ) -> AuditEntry {
        let condition = condition ?? "\(fragment: id) IS NOT NULL"
        return AuditEntry(
            columns: """
                CASE WHEN \(fragment: condition) THEN nofx.log_activity(
                    \(fragment: team), \(fragment: name), \(caller?.user), \(action), \(kind), \(fragment: id)::text,
                    \(fragment: metadata)::jsonb, \(record)
                ) END AS activity,
                CASE WHEN \(fragment: condition) THEN \(fragment: team) END AS activity_team,
                CASE WHEN \(fragment: condition) THEN \(fragment: metadata) END AS activity_metadata
                """,
            action: action
        )
    }

    /// Logs all contents of an entry that the statement should have stored and could not.
    ///
    /// - Parameters:
    ///   - entry: The entry.
    ///   - row: A row of the statement with the entry's columns.
    /// - Throws: `PostgresError` when the row does not have the columns.
    public func reportIfLost(_ entry: AuditEntry, _ row: Row) throws(PostgresError) {
        guard try row["activity"] as Int? == nil, let metadata = try row["activity_metadata"] as JSONText? else {
            return
        }
        log.error(
            "activity.lost",
            [
                "action": entry.action, "teamId": try row["activity_team"] as UUID, "userId": caller?.user,
                "metadata": metadata.compact, "origin": record,
            ]
        )
    }
}

extension JSONText {
    /// The same value without the white space that Postgres puts between its parts.
    fileprivate var compact: JSONText {
        var (isInString, isEscaped) = (false, false)
        let compact = bytes.filter { byte in
            defer {
                if byte == UInt8(ascii: "\""), !isEscaped { isInString.toggle() }
                isEscaped = isInString && !isEscaped && byte == UInt8(ascii: "\\")
            }
            return isInString || byte != UInt8(ascii: " ")
        }
        return JSONText(trusted: compact)
    }
}
