import Base
import Postgres

extension Context {
    /// Tells the operator of a refused attempt, before the caller is answered.
    public borrowing func warn(of denial: Denial) {
        log.warning(
            "authz.denied",
            [
                "teamId": denial.team, "userId": caller?.user, "action": denial.action.name,
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
        // Not far beyond the call's own time: the platform may stop the process.
        let budget = min(.after(.milliseconds(250)), max(deadline, .after(.milliseconds(100))))
        let entry = caller.map { [Query.entry(of: $0)] } ?? []
        do throws(PostgresError) {
            _ = try database.transact(
                entry + [
                    """
                    SELECT nofx.log_denial(\(denial.team), \(denial.action.name), \(denial.reason.rawValue),
                                           \(origin.requestID), \(origin.ip), \(caller?.credential))
                    """
                ],
                access: .readWrite,
                deadline: budget,
                log: log
            )
        } catch {
            log.warning(
                "security_event.lost",
                ["teamId": denial.team, "userId": caller?.user, "error": error.debugDescription]
            )
        }
    }
}
