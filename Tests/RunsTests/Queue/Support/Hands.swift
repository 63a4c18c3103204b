import Base
import Postgres
import TestSupport

/// A connection with which a test starts runs, claims their steps, and says what became of them.
struct Hands: ~Copyable {
    let bench: RunBench
    var connection: Connection

    /// A claimed step.
    struct Claim: Equatable {
        let id: UUID
        let fence: Int
        let run: UUID
        let step: Int
        let attempt: Int
    }

    /// What is said of a claim.
    struct Said {
        let claim: Claim
        var outcome = "succeeded"
        var outputs: String?
        var error: String?
        var delay = Duration.zero
        var artifacts: [String] = []
    }

    @discardableResult
    mutating func rows(_ query: Query) throws -> Rows {
        try connection.transact([query], retry: .never, deadline: .test)[0]
    }

    /// What the team's owner does.
    mutating func asOwner(_ query: Query) throws -> Rows {
        try connection.transact(
            ["SELECT set_config('nofx.user_id', \(bench.owner.description), true)", query],
            retry: .never,
            deadline: .test
        )[1]
    }

    /// Starts a run.
    mutating func start(
        _ steps: [Sketch],
        deadline: Duration? = nil,
        teamLimit: Int = 1_000_000
    ) throws -> UUID {
        let run = UUID.v7()
        let planned = steps.enumerated().map { $1.planned(as: $0) }
        let outcome: String = try asOwner(
            .startRun(run, planned, of: bench.team, deadline: deadline, teamLimit: teamLimit)
        ).value()
        guard outcome == "ok" else { throw Refused(outcome: outcome) }
        return run
    }

    struct Refused: Error, Equatable {
        let outcome: String
    }

    /// Claims steps.
    mutating func claim(
        _ count: Int = 1,
        of topic: String = "test.echo",
        topicLimit: Int32? = nil,
        tenantLimit: Int32? = nil
    ) throws -> [Claim] {
        let rows = try rows(
            """
            SELECT id, fence, run_id, step_no, attempt
            FROM nofx.claim_jobs(\(topic), \(Int32(count)), '10 minutes', \(topicLimit), \(tenantLimit), NULL)
            """
        )
        return try (0..<rows.count).map { index in
            let row = rows[index]
            return Claim(
                id: try row["id"],
                fence: try row["fence"],
                run: try row["run_id"],
                step: try row["step_no"],
                attempt: try row["attempt"]
            )
        }
    }

    /// Says what became of steps.
    ///
    /// - Returns: Those that counted.
    @discardableResult
    mutating func finish(_ said: [Said]) throws -> [Claim] {
        let artifacts = said.flatMap { one in one.artifacts.map { (job: one.claim.id, name: $0) } }
        let rows = try rows(
            """
            SELECT nofx.finish_steps(
                \(said.map(\.claim.id)), \(said.map(\.claim.fence)), \(said.map(\.outcome)),
                (SELECT array_agg(nullif(o, '') ORDER BY n) FROM unnest(\(said.map { $0.outputs ?? "" }))
                 WITH ORDINALITY AS o (o, n)),
                (SELECT array_agg(json_build_object('code', e, 'message', 'm')::text ORDER BY n)
                 FROM unnest(\(said.map { $0.error ?? "no" })) WITH ORDINALITY AS e (e, n)),
                ARRAY(SELECT d * interval '1 microsecond' FROM unnest(\(said.map { Int($0.delay / .microseconds(1)) }))
                      WITH ORDINALITY AS d (d, n) ORDER BY n),
                \(artifacts.map(\.job)), \(artifacts.map(\.name)), \(artifacts.map { _ in "text/plain" }),
                (SELECT array_agg(sha256(convert_to(a, 'UTF8'))) FROM unnest(\(artifacts.map(\.name))) AS a),
                (SELECT array_agg(convert_to(a, 'UTF8')) FROM unnest(\(artifacts.map(\.name))) AS a)
            )
            """
        )
        let counted = Set(try (0..<rows.count).map { try rows[$0][0] as UUID })
        return said.map(\.claim).filter { counted.contains($0.id) }
    }

    /// Says the same of steps.
    @discardableResult
    mutating func finish(
        _ claims: [Claim],
        _ outcome: String = "succeeded",
        error: String? = nil,
        delay: Duration = .zero
    ) throws -> [Claim] {
        try finish(claims.map { Said(claim: $0, outcome: outcome, error: error, delay: delay) })
    }

    /// Which leases are held still, and whether the step is wanted no more.
    mutating func heartbeat(_ claims: [Claim]) throws -> [UUID: Bool] {
        let rows = try rows(
            """
            SELECT id, is_cancelled
            FROM nofx.heartbeat_jobs(\(claims.map(\.id)), \(claims.map(\.fence)), '10 minutes')
            """
        )
        return Dictionary(
            uniqueKeysWithValues: try (0..<rows.count).map { (try rows[$0]["id"], try rows[$0]["is_cancelled"]) }
        )
    }

    /// Tends, and tells how many came again and how many were given up.
    @discardableResult
    mutating func tend(_ limit: Int32 = 1_000) throws -> [Int] {
        let rows = try rows("SELECT promoted, rescued, dead_lettered FROM nofx.maintain_queue(\(limit), '{0,2 s}')")
        return [try rows[0]["promoted"], try rows[0]["rescued"], try rows[0]["dead_lettered"]]
    }

    /// What became of an owner's wish to try a step again.
    mutating func retry(_ step: Int, of run: UUID) throws -> String {
        try asOwner(
            """
            SELECT concat_ws(' ', outcome, conflict)
            FROM nofx.retry_step(\(bench.team), \(run), \("s\(step)"), '{}')
            """
        ).value()
    }

    /// What became of an owner's wish to cancel a run, and what it is then.
    @discardableResult
    mutating func cancel(_ run: UUID) throws -> String {
        try asOwner(
            "SELECT concat_ws(' ', outcome, status, changes_state) FROM nofx.cancel_run(\(bench.team), \(run), '{}')"
        ).value()
    }

    /// What became of an owner's decision.
    @discardableResult
    mutating func decide(_ step: Int, of run: UUID, _ decision: String) throws -> String {
        try asOwner(
            """
            SELECT concat_ws(' ', outcome, status)
            FROM nofx.decide_gate(\(bench.team), \(run), \("s\(step)"), \(decision), NULL, '{}')
            """
        ).value()
    }

    /// Claims and does steps until there are none.
    mutating func drain(_ topic: String = "test.echo", by count: Int = 50) throws {
        while case let claims = try claim(count, of: topic), !claims.isEmpty { try finish(claims) }
    }
}
