import Queue

internal import Base
internal import Core
internal import Postgres
internal import Runs

/// A step as it was claimed, before it is known what its inputs refer to.
struct ClaimedRow: RowDecodable {
    let lease: JobLease
    let team: UUID
    let run: ID<Run>

    /// What its inputs refer to; nothing if it is not to be done.
    let references: [String]

    private let number: Int
    private let name: String
    private let tool: String
    private let inputs: JSONText
    private let attempt: Int
    private let timeout: Int
    private let backoff: (base: Int, cap: Int)
    private let secretsScope: String?
    private let queuedAt: Timestamp
    private let claimedAt: Timestamp
    private let isAllowed: Bool

    init(row: borrowing Row) throws(PostgresError) {
        lease = JobLease(job: try row["id"], fence: try row["fence"])
        team = try row["tenant_id"]
        run = try row["run_id"]
        number = try row["step_no"]
        name = try row["name"]
        tool = try row["tool"]
        inputs = try row["inputs"]
        attempt = try row["attempt"]
        timeout = try row["timeout_s"]
        backoff = (base: try row["retry_base_s"], cap: try row["retry_cap_s"])
        secretsScope = try row["secrets_scope"]
        queuedAt = try row["enqueued_at"]
        claimedAt = try row["claimed_at"]
        isAllowed = try row["is_allowed"]
        references = isAllowed ? Array(inputs.references) : []
    }

    /// The same with what it takes to look them up.
    var needs: [OutputReference] { references.map { OutputReference(team: team, run: run, text: $0) } }

    /// The step, with what its inputs refer to.
    func step(outputs: [String: JSONText]) -> ClaimedStep {
        ClaimedStep(
            lease: lease,
            team: team,
            run: run,
            number: number,
            name: name,
            tool: tool,
            inputs: inputs,
            outputs: outputs,
            attempt: attempt,
            timeout: .seconds(timeout),
            backoff: StepBackoff(base: .seconds(backoff.base), cap: .seconds(backoff.cap)),
            secretsScope: secretsScope,
            queuedAt: queuedAt,
            claimedAt: claimedAt,
            isAllowed: isAllowed
        )
    }
}
