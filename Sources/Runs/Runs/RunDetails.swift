public import Base
public import Postgres

/// A run with its steps.
public struct RunDetails: OutputObject {
    let summary: RunSummary
    let steps: [StepDetails]

    public static let fields: [OutputField<RunDetails>] =
        RunSummary.fields.map { $0.lifted { $0.summary } } + [
            OutputField("steps", "Its steps, in the order of the plan.") { $0.steps }
        ]
}

/// A step of a run, as members see it.
struct StepDetails: OutputObject, RowDecodable {
    let name: String
    let tool: String
    let status: StepStatus
    let dependencies: [String]
    let attempt: Int
    let maxAttempts: Int
    let inputs: JSONText?
    let outputs: JSONText?
    let leavesOutputsOut: Bool
    let error: JSONText?
    let queuedAt: Timestamp?
    let startedAt: Timestamp?
    let endedAt: Timestamp?
    let artifacts: [Artifact.Description]
    let gate: GateState?

    init(row: borrowing Row) throws(PostgresError) {
        name = try row["name"]
        tool = try row["tool"]
        status = try row["step_status"]
        dependencies = try row["dependencies"]
        attempt = try row["attempt"]
        maxAttempts = try row["max_attempts"]
        inputs = try row["inputs"]
        outputs = try row["outputs"]
        leavesOutputsOut = try row["leaves_outputs_out"]
        error = try row["error"]
        queuedAt = try row["queued_at"]
        startedAt = try row["started_at"]
        endedAt = try row["step_ended_at"]
        artifacts = try Self.artifacts(row)
        gate = try row["is_gate_reached"] ? GateState(row: row) : nil
    }

    private static func artifacts(_ row: borrowing Row) throws(PostgresError) -> [Artifact.Description] {
        guard let names: [String] = try row["artifact_names"] else { return [] }
        let (types, hashes): ([String], [String]) = (try row["artifact_types"], try row["artifact_hashes"])
        let (sizes, times): ([Int], [Timestamp]) = (try row["artifact_sizes"], try row["artifact_times"])
        return names.indices.map { index in
            Artifact.Description(
                name: names[index],
                contentType: types[index],
                sha256: hashes[index],
                size: sizes[index],
                createdAt: times[index]
            )
        }
    }

    static let fields: [OutputField<StepDetails>] = [
        OutputField("name", "What the plan calls it.") { $0.name },
        OutputField("tool", "What does it.") { $0.tool },
        OutputField("status", "How it stands; running while a worker has it.") { $0.status },
        OutputField("dependsOn", "The steps that it depends on.") { $0.dependencies },
        OutputField("attempt", "How often it was tried.") { $0.attempt },
        OutputField("maxAttempts", "How often it is tried at most.") { $0.maxAttempts },
        OutputField("inputs", "What it is given; null if you may not write.") { $0.inputs },
        OutputField("outputs", "What came out of it; null where nothing has.") { $0.outputs },
        OutputField("outputsOmitted", "Whether outputs are left out because the run has too many: name the step.") {
            $0.leavesOutputsOut
        },
        OutputField("error", "Why it failed, or its last attempt did: code and message.") { $0.error },
        OutputField("queuedAt", "Since when it could be done.") { $0.queuedAt },
        OutputField("startedAt", "When a worker first had it.") { $0.startedAt },
        OutputField("endedAt", "When it ended.") { $0.endedAt },
        OutputField("artifacts", "What it made and was kept; getArtifact has the content.") { $0.artifacts },
        OutputField("gate", "What is to be decided; null for what is no gate, or was not reached.") { $0.gate },
    ]
}

/// How a step of a run stands.
public enum StepStatus: String, CaseIterable, OutputValue, PostgresDecodable {
    /// It depends on others that are not done.
    case blocked
    /// A worker may take it, now or later.
    case queued
    /// A worker has it.
    case running
    /// Somebody has to decide.
    case waiting
    case succeeded, failed
    case timedOut = "timed_out"
    case cancelled
    /// Something that it depends on was not done.
    case skipped
}
