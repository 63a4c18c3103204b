public import Base
public import Postgres

/// A run with its steps.
public struct RunDetails: OutputObject {
    let summary: RunSummary
    let steps: [StepDetails]

    public static let fields: [OutputField<RunDetails>] =
        RunSummary.fields.map { $0.lifted { $0.summary } } + [
            OutputField("steps", "The steps, in the order of the plan.") { $0.steps }
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
    let outputs: StepOutputs?
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
        outputs = (try row["outputs"] as JSONText?).map(StepOutputs.init)
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
        OutputField("name", "The name of the step.") { $0.name },
        OutputField("tool", "The tool that executes the step.") { $0.tool },
        OutputField("status", "The status; running while a worker holds the step.") { $0.status },
        OutputField("dependsOn", "The names of the steps that it depends on.") { $0.dependencies },
        OutputField("attempt", "The number of attempts so far.") { $0.attempt },
        OutputField("maxAttempts", "The maximum number of attempts.") { $0.maxAttempts },
        OutputField("inputs", "The inputs; null without the write permission.") { $0.inputs },
        OutputField("outputs", "The outputs; null if there are none.") { $0.outputs },
        OutputField("outputsOmitted", "Whether outputs are omitted for size; request the step by name to get them.") {
            $0.leavesOutputsOut
        },
        OutputField(
            "error",
            "The error of the last failed attempt: code, message, and answer with status and body if a server gave one."
        ) { $0.error },
        OutputField("queuedAt", "When the step became due.") { $0.queuedAt },
        OutputField("startedAt", "When a worker first started it.") { $0.startedAt },
        OutputField("endedAt", "When the step ended.") { $0.endedAt },
        OutputField("artifacts", "The artifacts; getArtifact returns their content.") { $0.artifacts },
        OutputField("gate", "The gate; null if the step is not a gate or was not reached.") { $0.gate },
    ]
}

/// The outputs of a step.
struct StepOutputs: OutputValue, CustomStringConvertible {
    let json: JSONText

    var description: String { json.description }

    static var rule: String { "object" }
    static var form: ValueForm { .object }

    /// The outputs of each tool, for `--help`.
    static var outputShape: ObjectShape {
        ObjectShape(
            forms: ToolName.Kind.allCases.compactMap { kind in
                kind.outputs.map { ObjectShape.Form("tool", kind, ObjectShape(fields: $0.map(\.description))) }
            }
        )
    }

    func encode(to json: inout JSONWriter) { self.json.encode(to: &json) }
}

/// The status of a step.
public enum StepStatus: String, CaseIterable, OutputValue, PostgresDecodable {
    /// A dependency has not ended.
    case blocked
    /// In the queue: due now or later.
    case queued
    /// A worker holds the step.
    case running
    /// A gate that is pending.
    case waiting
    case succeeded, failed
    case timedOut = "timed_out"
    case cancelled
    /// A dependency did not succeed.
    case skipped
}
