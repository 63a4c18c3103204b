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
    ///   - team: The team whose members alone may have the answer again; nil where it is the caller's in any case.
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
    /// - Throws: `PostgresError`; nothing was done then, unless it says that the outcome is unknown.
    public mutating func commit(answer: JSONText) throws {
        guard let call = repeatable.take(), database.isHolding, let user = caller?.user else { return }
        try database.commit(
            [
                """
                UPDATE nofx.idempotency_keys SET answer = \(answer.description)
                WHERE user_id = \(user) AND operation = \(call.operation) AND key = \(call.key)
                """
            ],
            deadline: deadline
        )
    }

    /// Rolls back the changes, if there are any.
    ///
    /// The caller's user row and rate stay.
    public mutating func rollBack() {
        repeatable = nil
        database.rollBack(deadline: deadline)
    }

    /// The answer of a call that was made before.
    ///
    /// - Throws: 422 `idempotency_mismatch` when it was another call, 404 when the caller has left its team, 409
    ///   `idempotency_in_flight` when the answer is not there, and `PostgresError`.
    public mutating func answer(of call: RepeatableCall) throws -> JSONText {
        let user = try requiredCaller.user
        let rows = try read(
            """
            SELECT fingerprint = nofx.fingerprint(\(call.input)) AS is_same, answer,
                   team_id IS NULL OR EXISTS (
                       SELECT FROM nofx.team_members m WHERE m.team_id = k.team_id AND m.user_id = k.user_id
                   ) AS is_member
            FROM nofx.idempotency_keys k
            WHERE user_id = \(user) AND operation = \(call.operation) AND key = \(call.key)
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
        guard try row["is_member"] else {
            let action = Action(call.operation, needs: .read, refusal: "")
            throw Denial.notMember(action, team: ID<Never>(call.team ?? UUID(high: 0, low: 0)))
        }
        guard let answer = try row["answer"] as String? else { throw Problem.callInFlight }
        return JSONText(trusted: Array(answer.utf8))
    }
}

extension Query {
    /// Marks a call as made, or fails where it was.
    static func once(_ call: RepeatableCall) -> Query {
        "SELECT nofx.begin_once(\(call.operation), \(call.key), \(call.input), \(call.team))"
    }
}
