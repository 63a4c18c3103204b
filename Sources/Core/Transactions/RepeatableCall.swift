public import Base
import Postgres

/// A call that its caller may send again without it happening twice
/// (draft-ietf-httpapi-idempotency-key-header).
public struct RepeatableCall: Sendable {
    let operation: String
    let key: String
    let input: JSONText
    let team: UUID?

    /// Names a call.
    ///
    /// - Parameters:
    ///   - operation: The endpoint; the same key with another one is another call.
    ///   - key: What the caller calls it.
    ///   - input: What the caller wants, to tell a repetition from a mistake.
    ///   - team: The team whose members alone may have the answer again; nil where the answer names the team, or where
    ///     it is the caller's in any case.
    public init(_ operation: String, key: String, input: JSONText, team: UUID?) {
        self.operation = operation
        self.key = key
        self.input = input
        self.team = team
    }
}

/// The call was made before: nothing was done, and its answer is there.
public struct CallRepeated: Error {}

extension Context {
    /// Makes what follows happen once: the first ``write(_:)`` begins a transaction that stays open until the answer
    /// is stored with it.
    public mutating func begin(_ call: RepeatableCall) {
        repeatable = call
    }

    /// Commits what was done, and the answer with it.
    ///
    /// What the action needs of a member is stored too, as far as the caller has it: ``answer(of:about:)`` asks for it
    /// again.
    ///
    /// - Parameters:
    ///   - answer: The answer.
    ///   - team: The team that the answer is about, where the input names none.
    /// - Throws: `PostgresError`; nothing was done then, unless it says that the outcome is unknown.
    public mutating func commit(answer: JSONText, about team: UUID? = nil) throws {
        guard let call = repeatable.take(), database.isHolding, let user = caller?.user else { return }
        let team = isOperation ? nil : call.team ?? team
        // An action that names no team needs no permission in one; what it answers, only members may read.
        let needed = attempt?.team == nil ? Scope.read : attempt?.action.scope
        try database.commit(
            [
                """
                UPDATE nofx.idempotency_keys k SET answer = \(answer.description), team_id = \(team), needs = (
                    SELECT CASE WHEN \(fragment: .isPermitted("\(needed)")) THEN \(needed) ELSE 'read' END
                    FROM nofx.team_members m WHERE m.team_id = \(team) AND m.user_id = \(user)
                )
                WHERE k.user_id = \(user) AND k.operation = \(call.operation) AND k.key = \(call.key)
                """
            ],
            deadline: deadline
        )
    }

    /// Whether the call is an operator's, which no membership permits.
    private var isOperation: Bool { attempt?.action.scope == .operations }

    /// Rolls back the changes, if there are any.
    ///
    /// The caller's user row and rate stay.
    public mutating func rollBack() {
        repeatable = nil
        database.rollBack(deadline: deadline)
    }

    /// The answer of a call that was made before, as the caller may have it now.
    ///
    /// The endpoint has checked the credential already. The membership is checked here, because the statement that would
    /// have done so was not run.
    ///
    /// - Parameters:
    ///   - call: The call.
    ///   - output: The type of the answer, if some callers see more of it than others.
    /// - Returns: The answer.
    /// - Throws: 422 `idempotency_mismatch` when it was another call, a `Denial` when the caller is no member of its team
    ///   any more or has no longer the permission, 409 `idempotency_in_flight` when the answer is not there, and
    ///   `PostgresError`.
    public mutating func answer(of call: RepeatableCall, about output: (any TeamAnswer.Type)? = nil) throws -> JSONText
    {
        let user = try requiredCaller.user
        let rows = try read(
            """
            SELECT k.fingerprint = nofx.fingerprint(\(call.input)) AS is_same, k.answer, k.team_id, m.role,
                   nofx.permissions(m.role, m.permissions) AS permissions,
                   k.needs IS NULL OR \(fragment: .isPermitted("k.needs")) AS allowed
            FROM nofx.idempotency_keys k
            LEFT JOIN (nofx.team_members m JOIN nofx.teams t ON t.id = m.team_id AND t.deleted_at IS NULL)
                ON m.team_id = k.team_id AND m.user_id = k.user_id
            WHERE k.user_id = \(user) AND k.operation = \(call.operation) AND k.key = \(call.key)
            """
        )
        guard let row = rows.first else { throw Problem.callInFlight }
        guard try row["is_same"] else {
            throw Problem(
                status: 422,
                code: "idempotency_mismatch",
                detail: "The idempotency key was used for another call."
            )
        }
        guard let stored = (try row["answer"] as String?).map({ JSONText(trusted: Array($0.utf8)) }) else {
            throw Problem.callInFlight
        }
        guard let team = try row["team_id"] as UUID? else { return stored }
        let action = attempt?.action ?? Action(call.operation, needs: .read, refusal: "")
        guard let role = try row["role"] as Role? else { throw Denial.notMember(action, team: ID<Never>(team)) }
        guard try row["allowed"] else { throw Denial.missing(action, team: ID<Never>(team), role: role) }
        return try output?.answer(stored, seenBy: Viewer(row: row, as: caller)) ?? stored
    }
}

extension Query {
    /// Marks a call as made, or fails where it was.
    static func once(_ call: RepeatableCall) -> Query {
        "SELECT nofx.begin_once(\(call.operation), \(call.key), \(call.input), \(call.team))"
    }
    /// Whether the member `m` has what an action needs: a permission, or for `admin` the right to manage members.
    fileprivate static func isPermitted(_ needed: Query) -> Query {
        """
        CASE \(fragment: needed) WHEN 'admin' THEN nofx.can_manage(m.role, m.permissions)
                                 ELSE \(fragment: needed) = ANY (nofx.permissions(m.role, m.permissions)) END
        """
    }
}
