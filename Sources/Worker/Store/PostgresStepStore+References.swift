import Base
import Core
import Postgres
import Queue
import Runs

extension PostgresStepStore {
    /// Fetches the outputs that step inputs refer to, by step name.
    ///
    /// Steps whose outputs exceed the limit are missing in the result.
    ///
    /// Step names may contain dots, so the longest matching name is taken.
    mutating func outputs(
        of steps: [(lease: JobLease, references: [StepReference])],
        by deadline: Deadline
    ) throws -> [JobLease: [String: JSONText]] {
        // Number the references in the order of the steps, because the first step's outputs are always fetched.
        var places: [StepReference: Int] = [:]
        var needs: [StepReference] = []
        for need in steps.flatMap(\.references) where places[need] == nil {
            places[need] = needs.count
            needs.append(need)
        }
        guard !needs.isEmpty else { return Dictionary(uniqueKeysWithValues: steps.map { ($0.lease, [:]) }) }
        let rows = try run(
            """
            WITH meant AS (
                SELECT DISTINCT ON (r.place) r.place, s.team_id, s.run_id, s.no
                FROM unnest(\(needs.map(\.team)), \(needs.map(\.run)), \(needs.map(\.step)), \(needs.map(\.isExact)))
                     WITH ORDINALITY AS r (team_id, run_id, step, is_exact, place)
                JOIN nofx.steps s ON s.team_id = r.team_id AND s.run_id = r.run_id
                 AND (s.name = normalize(r.step)
                      OR NOT r.is_exact AND starts_with(normalize(r.step), s.name || '.'))
                ORDER BY r.place, octet_length(s.name) DESC
            ), sized AS (
                SELECT m.places, s.name, s.outputs,
                       m.places[1] <= \(steps[0].references.count)
                       OR coalesce(sum(octet_length(s.outputs::text)) OVER (ORDER BY m.places[1]), 0) <= \(outputLimit)
                       AS fits
                FROM (SELECT team_id, run_id, no, array_agg(place ORDER BY place) AS places
                      FROM meant GROUP BY team_id, run_id, no) m
                CROSS JOIN LATERAL (
                    SELECT s.name, s.outputs FROM nofx.steps s
                    WHERE s.team_id = m.team_id AND s.run_id = m.run_id AND s.no = m.no OFFSET 0
                ) s
            )
            SELECT places, name, fits, CASE WHEN fits THEN outputs END AS outputs FROM sized
            """,
            by: deadline
        )
        var found: [Int: (name: String, outputs: JSONText?)] = [:]
        for index in 0..<rows.count {
            let row = rows[index]
            let fits: Bool = try row["fits"]
            let outputs: JSONText? = try row["outputs"]
            let meant = (name: try row["name"] as String, outputs: fits ? outputs ?? .noOutputs : nil)
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

    /// Fetches the artifacts that step inputs name, by the values of `$artifact`.
    ///
    /// Steps whose artifacts exceed the limit of a claim are missing in the result. Artifacts that do not exist are
    /// missing in their step's entry.
    mutating func artifacts(
        of steps: [(lease: JobLease, references: [StepReference])],
        by deadline: Deadline
    ) throws -> [JobLease: [String: ArtifactContent]] {
        var artifacts: [JobLease: [String: ArtifactContent]] = [:]
        for step in steps { artifacts[step.lease] = [:] }
        let needs = steps.enumerated().flatMap { reader, step in step.references.map { (reader, step.lease, $0) } }
        guard let first = needs.first else { return artifacts }
        let rows = try run(
            """
            SELECT place, is_too_large, fits, content
            FROM nofx.read_artifacts(
                \(needs.map(\.0)), \(needs.map(\.1.job.uuid)), \(needs.map(\.1.fence)), \(needs.map(\.2.step)),
                \(needs.map { $0.2.artifact ?? "" }), \(needs.map(\.2.isExact)), \(first.0),
                \(ArtifactContent.limit), \(outputLimit)
            )
            """,
            by: deadline
        )
        var beyond: Set<JobLease> = []
        for index in 0..<rows.count {
            let row = rows[index]
            let place: Int = try row["place"]
            let (_, lease, reference) = needs[place - 1]
            let (isTooLarge, fits): (Bool, Bool) = (try row["is_too_large"], try row["fits"])
            let content: [UInt8]? = try row["content"]
            if isTooLarge {
                artifacts[lease]?[reference.text] = .tooLarge
            } else if let content {
                artifacts[lease]?[reference.text] = .bytes(content)
            } else if !fits {
                beyond.insert(lease)
            }
        }
        return artifacts.filter { !beyond.contains($0.key) }
    }
}

/// The references in the inputs of a claimed step.
struct StepReferences {
    let outputs: [StepReference]
    let artifacts: [StepReference]

    /// Finds the references; nil if there are none.
    init?(_ step: ClaimedStep) {
        let (outputs, artifacts) = step.inputs.references
        guard !outputs.isEmpty || !artifacts.isEmpty else { return nil }
        self.outputs = outputs.map { StepReference($0, of: step) }
        self.artifacts = artifacts.map { StepReference($0, of: step) }
    }
}

/// A reference from a step's inputs to an earlier step of its run.
struct StepReference: Hashable {
    let team: UUID
    let run: ID<Run>

    /// The value of the marker.
    let text: String

    /// The name of the step, or a text that begins with it.
    let step: String

    /// Whether `step` is the whole name.
    let isExact: Bool

    /// The name of the artifact, if it is known apart from the step's name.
    let artifact: String?

    fileprivate init(_ text: String, of step: ClaimedStep) {
        team = step.team
        run = step.run
        self.text = text
        switch StepPath(text) {
        case .pointer(let name, let path): (self.step, isExact, artifact) = (name, true, path.first)
        case .plain: (self.step, isExact, artifact) = (text, false, nil)
        }
    }
}
