import Base
import Postgres

extension Context {
    /// Tells the operator of a refused attempt, before the caller is answered.
    public borrowing func warn(of denial: Denial) {
        log.warning(
            "authz.denied",
            [
                "teamId": denial.team, "userId": caller?.user, "action": denial.action,
                "reason": denial.reason.rawValue, "required": denial.required?.rawValue,
                "role": denial.role?.rawValue, "credential": caller?.credential, "ip": origin.ip,
            ]
        )
    }

    /// Counts a refused attempt in `nofx.security_events`, in at most a quarter of a second.
    ///
    /// Teams that do not exist are counted together, so that making them up fills no disk; the log names each. It is a
    /// transaction of its own, after the refused one was rolled back, and its failure changes no answer: the
    /// record is on standard error already.
    public mutating func record(_ denial: Denial) {
        let (user, team) = (caller.map { "\($0.user)" } ?? "", denial.team)
        // Not far beyond the call's own time: the platform may stop the process.
        let budget = min(.after(.milliseconds(250)), max(deadline, .after(.milliseconds(100))))
        let (origin, credential) = (origin, caller?.credential)
        do throws(PostgresError) {
            _ = try database.transact(
                [
                    """
                    INSERT INTO nofx.security_events AS seen
                        (bucket, user_id, team_id, action, reason, request_id, ip, credential)
                    VALUES (date_trunc('minute', clock_timestamp()), \(user),
                            coalesce((SELECT id::text FROM nofx.teams WHERE id = \(team)), ''),
                            \(denial.action), \(denial.reason.rawValue),
                            left(\(origin.requestID), 64), left(\(origin.ip), 64), left(\(credential), 64))
                    ON CONFLICT (user_id, team_id, action, reason, bucket) DO UPDATE
                    SET hits = seen.hits + 1, last_at = clock_timestamp(),
                        request_id = excluded.request_id, ip = excluded.ip
                    """
                ],
                access: .readWrite,
                deadline: budget,
                log: log
            )
        } catch {
            log.warning("security_event.lost", ["teamId": team, "userId": user, "error": error.debugDescription])
        }
    }
}
