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
                   j.max_attempts, s.retry_base_s, s.retry_cap_s, s.secrets_scope, j.enqueued_at, now() AS claimed_at, j.trace,
                   nofx.is_tool_allowed(s.tool, p.tools, p.allows_all, \(defaultTools.names))
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
                SELECT p.tools, p.allows_all, p.secret_scopes FROM nofx.tool_policies p WHERE p.team_id = j.tenant_id OFFSET 0
            ) p ON true
            """,
            by: deadline
        )
        var claimed = try (0..<rows.count).map { try ClaimedStep(row: rows[$0]) }
        // After a claim that found nothing the next one starts with any team: it may have ended too early for some.
        turns[job.topic] = claimed.last?.team
        let references = claimed.filter(\.isAllowed).reduce(into: [:] as [JobLease: StepReferences]) {
            $0[$1.lease] = StepReferences($1)
        }
        guard !references.isEmpty else { return claimed }
        let referring = claimed.filter { references[$0.lease] != nil }
        let needs = referring.compactMap { step in references[step.lease].map { (step.lease, $0) } }
        let outputs: [JobLease: [String: JSONText]]
        let artifacts: [JobLease: [String: ArtifactContent]]
        do {
            outputs = try self.outputs(of: needs.map { ($0, $1.outputs) }, by: deadline)
            artifacts = try self.artifacts(of: needs.map { ($0, $1.artifacts) }, by: deadline)
        } catch {
            release(referring)
            guard referring.count < claimed.count else { throw error }
            log.warning("worker.outputs_unavailable", ["count": referring.count, "error": String(reflecting: error)])
            return claimed.filter { references[$0.lease] == nil }
        }
        let beyond = referring.filter { outputs[$0.lease] == nil || artifacts[$0.lease] == nil }
        release(beyond)
        let returned = Set(beyond.map(\.lease))
        claimed.removeAll { returned.contains($0.lease) }
        for index in claimed.indices {
            let lease = claimed[index].lease
            if let outputs = outputs[lease] { claimed[index].outputs = outputs }
            if let artifacts = artifacts[lease] { claimed[index].artifacts = artifacts }
        }
        return claimed
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

extension ClaimedStep {
    /// Reads a claimed step; its outputs are fetched separately.
    fileprivate init(row: borrowing Row) throws(PostgresError) {
        let (timeout, base, cap): (Int, Int, Int) = (
            try row["timeout_s"], try row["retry_base_s"], try row["retry_cap_s"]
        )
        let tool: String = try row["tool"]
        self.init(
            lease: JobLease(job: try row["id"], fence: try row["fence"]),
            team: try row["tenant_id"],
            run: try row["run_id"],
            number: try row["step_no"],
            name: try row["name"],
            tool: tool,
            inputs: try row["inputs"],
            attempt: try row["attempt"],
            maxAttempts: try row["max_attempts"],
            timeout: timeout == ToolName(tool)?.topic.defaultTimeoutSeconds ? nil : .seconds(timeout),
            backoff: StepBackoff(base: .seconds(base), cap: .seconds(cap)),
            secretsScope: try row["secrets_scope"],
            queuedAt: try row["enqueued_at"],
            claimedAt: try row["claimed_at"],
            isAllowed: try row["is_allowed"],
            trace: (try row["trace"] as String?).flatMap { TraceContext(stored: $0) }
        )
    }
}
