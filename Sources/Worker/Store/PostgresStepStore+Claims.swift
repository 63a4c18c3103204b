import Base
import Core
import Postgres
import Queue
public import Runs

extension PostgresStepStore {
    /// The time limit for returning steps to the queue: the worker has leases to extend.
    private static var returnLimit: Duration { .seconds(1) }

    public mutating func claim(_ claim: StepClaim) throws -> [ClaimedStep] {
        let deadline = Deadline.after(answerLimit)
        let (job, timeouts) = (claim.job, claim.timeouts)
        let turn = turns[job.topic] ?? .anyTurn
        // Lateral joins make the server look up each row by key, whatever its estimates.
        let rows = try run(
            """
            SELECT j.id, j.fence, j.tenant_id, j.run_id, j.step_no, j.attempt, s.name, s.tool, s.inputs, s.timeout_s,
                   s.retry_base_s, s.retry_cap_s, s.secrets_scope, j.enqueued_at, now() AS claimed_at,
                   (p.tools IS NULL OR s.tool = ANY (p.tools))
                   AND (s.secrets_scope IS NULL OR s.secrets_scope = ANY (coalesce(p.secret_scopes, '{}')))
                   AS is_allowed
            FROM nofx.claim_jobs(\(job.topic.description), \(Int32(clamping: job.count)), \(job.lease),
                                 \(job.topicLimit.map { Int32(clamping: $0) }),
                                 \(job.tenantLimit.map { Int32(clamping: $0) }), \(turn), NULL, \(claim.except),
                                 \(claim.share.map { Int32(clamping: $0) }), \(Int32(clamping: timeouts.lowerBound)),
                                 \(Int32(clamping: timeouts.upperBound)), \(claim.abilities)) j
            CROSS JOIN LATERAL (
                SELECT s.name, s.tool, s.inputs, s.timeout_s, s.retry_base_s, s.retry_cap_s, s.secrets_scope
                FROM nofx.steps s
                WHERE s.team_id = j.tenant_id AND s.run_id = j.run_id AND s.no = j.step_no OFFSET 0
            ) s
            LEFT JOIN LATERAL (
                SELECT p.tools, p.secret_scopes FROM nofx.tool_policies p WHERE p.team_id = j.tenant_id OFFSET 0
            ) p ON true
            """,
            by: deadline
        )
        var claimed = try (0..<rows.count).map { try ClaimedStep(row: rows[$0]) }
        // After a claim that found nothing the next one starts with any team: it may have ended too early for some.
        turns[job.topic] = claimed.last?.team
        let references = claimed.filter(\.isAllowed).reduce(into: [:] as [JobLease: [OutputReference]]) {
            let references = OutputReference.all(in: $1)
            if !references.isEmpty { $0[$1.lease] = references }
        }
        guard !references.isEmpty else { return claimed }
        let referring = claimed.filter { references[$0.lease] != nil }
        let outputs: [JobLease: [String: JSONText]]
        do {
            outputs = try self.outputs(of: referring.map { ($0.lease, references[$0.lease] ?? []) }, by: deadline)
        } catch {
            release(referring)
            guard referring.count < claimed.count else { throw error }
            log.warning("worker.outputs_unavailable", ["count": referring.count, "error": String(reflecting: error)])
            return claimed.filter { references[$0.lease] == nil }
        }
        release(referring.filter { outputs[$0.lease] == nil })
        claimed.removeAll { references[$0.lease] != nil && outputs[$0.lease] == nil }
        for index in claimed.indices {
            if let outputs = outputs[claimed[index].lease] { claimed[index].outputs = outputs }
        }
        return claimed
    }

    /// Fetches the outputs that step inputs refer to, by step name.
    ///
    /// Steps whose outputs exceed the limit are missing in the result.
    ///
    /// Step names may contain dots, so the longest matching name is taken.
    private mutating func outputs(
        of steps: [(lease: JobLease, references: [OutputReference])],
        by deadline: Deadline
    ) throws -> [JobLease: [String: JSONText]] {
        // Number the references in the order of the steps, because the first step's outputs are always fetched.
        var places: [OutputReference: Int] = [:]
        var needs: [OutputReference] = []
        for need in steps.flatMap(\.references) where places[need] == nil {
            places[need] = needs.count
            needs.append(need)
        }
        let rows = try run(
            """
            WITH meant AS (
                SELECT DISTINCT ON (r.place) r.place, s.team_id, s.run_id, s.no
                FROM unnest(\(needs.map(\.team)), \(needs.map(\.run)), \(needs.map(\.text)))
                     WITH ORDINALITY AS r (team_id, run_id, text, place)
                JOIN nofx.steps s ON s.team_id = r.team_id AND s.run_id = r.run_id
                 AND (s.name = r.text OR starts_with(r.text, s.name || '.'))
                ORDER BY r.place, octet_length(s.name) DESC
            ), sized AS (
                SELECT m.places, s.name, s.outputs,
                       m.places[1] <= \(steps[0].references.count)
                       OR sum(octet_length(s.outputs::text)) OVER (ORDER BY m.places[1]) <= \(outputLimit) AS fits
                FROM (SELECT team_id, run_id, no, array_agg(place ORDER BY place) AS places
                      FROM meant GROUP BY team_id, run_id, no) m
                CROSS JOIN LATERAL (
                    SELECT s.name, s.outputs FROM nofx.steps s
                    WHERE s.team_id = m.team_id AND s.run_id = m.run_id AND s.no = m.no AND s.outputs IS NOT NULL OFFSET 0
                ) s
            )
            SELECT places, name, CASE WHEN fits THEN outputs END AS outputs FROM sized
            """,
            by: deadline
        )
        var found: [Int: (name: String, outputs: JSONText?)] = [:]
        for index in 0..<rows.count {
            let row = rows[index]
            let meant: (name: String, outputs: JSONText?) = (try row["name"], try row["outputs"])
            let positions: [Int] = try row["places"]
            for position in positions { found[position - 1] = meant }
        }
        var outputs: [JobLease: [String: JSONText]] = [:]
        for step in steps {
            let meant = step.references.compactMap { need in places[need].flatMap { found[$0] } }
            guard meant.allSatisfy({ $0.outputs != nil }) else { continue }
            outputs[step.lease] = Dictionary(
                meant.compactMap { meant in meant.outputs.map { (meant.name, $0) } },
                uniquingKeysWith: { first, _ in first }
            )
        }
        return outputs
    }

    /// Returns steps to the queue as if they had not been claimed.
    ///
    /// If that fails, their leases expire.
    private mutating func release(_ steps: [ClaimedStep]) {
        guard !steps.isEmpty else { return }
        let results = steps.map { StepResult($0, .released()) }
        do {
            _ = try finish(results, by: .after(min(answerLimit, Self.returnLimit)))
        } catch {
            log.warning("worker.steps_left", ["count": steps.count, "error": String(reflecting: error)])
        }
    }
}

/// A reference from a step's inputs to the outputs of an earlier step of its run.
private struct OutputReference: Hashable {
    let team: UUID
    let run: ID<Run>
    let text: String

    static func all(in step: ClaimedStep) -> [OutputReference] {
        step.inputs.references.map { OutputReference(team: step.team, run: step.run, text: $0) }
    }
}

extension ClaimedStep {
    /// Reads a claimed step; its outputs are fetched separately.
    fileprivate init(row: borrowing Row) throws(PostgresError) {
        let (timeout, base, cap): (Int, Int, Int) = (
            try row["timeout_s"], try row["retry_base_s"], try row["retry_cap_s"]
        )
        self.init(
            lease: JobLease(job: try row["id"], fence: try row["fence"]),
            team: try row["tenant_id"],
            run: try row["run_id"],
            number: try row["step_no"],
            name: try row["name"],
            tool: try row["tool"],
            inputs: try row["inputs"],
            attempt: try row["attempt"],
            timeout: timeout == PlanStep.defaultTimeoutSeconds ? nil : .seconds(timeout),
            backoff: StepBackoff(base: .seconds(base), cap: .seconds(cap)),
            secretsScope: try row["secrets_scope"],
            queuedAt: try row["enqueued_at"],
            claimedAt: try row["claimed_at"],
            isAllowed: try row["is_allowed"]
        )
    }
}
