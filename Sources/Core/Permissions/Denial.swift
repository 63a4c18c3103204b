public import Base
import Postgres

/// An attempt that was refused: answered, logged and recorded as a security event.
public struct Denial: Error, Sendable {
    /// Why it was refused.
    public enum Reason: String, Sendable {
        case notMember = "not_a_member_or_missing"
        case missingPermission = "missing_permission"
        case notOwner = "not_owner"
        case roleTooHigh = "role_too_high"
        case ownRole = "own_role"
        case roleTooLow = "role_too_low"
        case ownRun = "own_run"
        case noWaiver = "no_waiver"
        case scope
        case sessionRequired = "session_required"
        case emailNotVerified = "email_not_verified"
        case emailMismatch = "email_mismatch"
        case unknownInvite = "unknown_invite"
    }

    /// What was attempted.
    public let action: Action

    /// The team that the caller named, or whose invite it was.
    public let team: UUID?

    /// Why it was refused.
    public let reason: Reason

    /// The answer to the caller.
    public let problem: Problem

    /// The caller's role.
    public let role: Role?

    /// Refuses an attempt for a reason that has no constructor of its own.
    public init(_ action: Action, team: UUID?, reason: Reason, problem: Problem, role: Role? = nil) {
        self.action = action
        self.team = team
        self.reason = reason
        self.problem = problem
        self.role = role
    }

    /// The permission that would have been enough, where one would.
    var required: Scope? {
        reason == .missingPermission || reason == .scope ? action.scope : nil
    }

    /// The team does not exist, or the caller is not a member of it; the answer does not say which.
    public static func notMember<Team>(_ action: Action, team: ID<Team>) -> Denial {
        Denial(
            action,
            team: team.uuid,
            reason: .notMember,
            problem: Problem(
                status: 404,
                code: "team_not_found",
                detail: "There is no such team, or you are not a member of it."
            )
        )
    }

    /// The caller is a member without the permission.
    public static func missing<Team>(_ action: Action, team: ID<Team>, role: Role?) -> Denial {
        Denial(
            action,
            team: team.uuid,
            reason: .missingPermission,
            problem: Problem(
                status: 403,
                code: "forbidden",
                detail: action.refusal,
                members: ["requiredPermission": action.scope.rawValue]
            ),
            role: role
        )
    }

    /// The caller is a member but not the owner.
    public static func notOwner<Team>(_ action: Action, team: ID<Team>, role: Role?) -> Denial {
        Denial(
            action,
            team: team.uuid,
            reason: .notOwner,
            problem: Problem(status: 403, code: "owner_only", detail: action.refusal),
            role: role
        )
    }
}

extension Context {
    /// Logs a refused attempt, before the caller gets the answer.
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
