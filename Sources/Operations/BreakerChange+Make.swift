import Base
import Postgres
public import Core
import Reliability

extension BreakerChange {
    /// Puts one circuit breaker, or all, into a state by hand.
    ///
    /// It holds for every process from its next call on. What is so already stays as it is; what changes is recorded in
    /// the same transaction.
    ///
    /// - Throws: A `Denial` for who does not operate the product; 404 `breaker_not_found`, which names those there are.
    public static func make(_ request: Request, in context: inout Context) throws -> Report {
        let (name, kind) = (request.name?.rawValue, request.kind.action.rawValue)
        let action = Action(
            "breaker.\(kind)",
            needs: .operations,
            refusal: "Only operators can change circuit breakers"
        )
        let user = try context.user(attempting: action)
        let rows = try context.write(
            """
            WITH known AS MATERIALIZED (
                SELECT unnest(\(BreakerName.always)) AS name UNION SELECT name FROM nofx.circuit_breakers
            ), wanted AS MATERIALIZED (
                SELECT k.name FROM known k WHERE \(name) IS NULL OR k.name = \(name) ORDER BY k.name
            ), change AS MATERIALIZED (
                SELECT w.name, s.before, s.after,
                       s.before ->> 'generation' IS DISTINCT FROM s.after ->> 'generation' AS is_changed
                FROM wanted w CROSS JOIN LATERAL nofx.circuit_set(w.name, \(kind)) s
            ), record AS (
                INSERT INTO nofx.operator_actions (user_id, action, subject, before, after,
                                                   credential, request_id, ip, user_agent)
                SELECT \(user), \(action.name), c.name, c.before, c.after,
                       o.origin ->> 'credential', o.origin ->> 'requestId', o.origin ->> 'ip', o.origin ->> 'userAgent'
                FROM change c CROSS JOIN (SELECT \(context.record) AS origin) o
                WHERE c.is_changed ORDER BY c.name
            )
            SELECT k.names, c.* FROM (SELECT array_agg(name ORDER BY name) AS names FROM known) k
            LEFT JOIN change c ON true ORDER BY c.name
            """
        )
        guard let row = rows.first, try row["name"] as String? != nil else {
            throw Problem.breakerNotFound(known: try rows.first?["names"] ?? [])
        }
        return Report(breakers: try rows.decode())
    }
}

extension Problem {
    fileprivate static func breakerNotFound(known: [String]) -> Problem {
        Problem(
            status: 404,
            code: "breaker_not_found",
            detail: "There is no such circuit breaker.",
            lists: ["known": known]
        )
    }
}
