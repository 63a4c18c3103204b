import Base
import Postgres
import TestSupport

/// A connection with which a test starts runs, claims their steps and reports results.
struct TestClient: ~Copyable {
    let fixture: RunFixture
    var connection: Connection

    /// A claimed step.
    struct Claim: Equatable {
        let id: UUID
        let fence: Int
        let run: UUID
        let step: Int
        let attempt: Int
    }

    /// The result that a test reports for a claim.
    struct Report {
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

    /// Runs a statement as the team's owner.
    mutating func asOwner(_ query: Query) throws -> Rows {
        try connection.transact(
            ["SELECT set_config('nofx.user_id', \(fixture.owner.description), true)", query],
            retry: .never,
            deadline: .test
        )[1]
    }

    /// Starts a run.
    mutating func start(
        _ steps: [StepSpec],
        deadline: Duration? = nil,
        teamLimit: Int = 1_000_000
    ) throws -> UUID {
        let run = UUID.v7()
        let planned = steps.enumerated().map { $1.step(as: $0) }
        let outcome: String = try asOwner(
            .startRun(run, planned, of: fixture.team, deadline: deadline, teamLimit: teamLimit)
        ).value()
        guard outcome == "ok" else { throw Refused(outcome: outcome) }
        return run
    }

    struct Refused: Error, Equatable {
        let outcome: String
    }

    /// Claims steps and begins their attempts.
    mutating func claim(
        _ count: Int = 1,
        of topic: String = "test.echo",
        topicLimit: Int32? = nil,
        tenantLimit: Int32? = nil
    ) throws -> [Claim] {
        let claims = try reserve(count, of: topic, topicLimit: topicLimit, tenantLimit: tenantLimit)
        if !claims.isEmpty { try begin(claims) }
        return claims
    }

    /// Begins the attempts of claimed steps.
    mutating func begin(_ claims: [Claim]) throws {
        try rows("SELECT nofx.begin_steps(\(claims.map(\.id)), \(claims.map(\.fence)))")
    }

    /// Claims steps.
    mutating func reserve(
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

    /// Reports results.
    ///
    /// - Returns: The claims whose results were accepted.
    @discardableResult
    mutating func finish(_ reports: [Report]) throws -> [Claim] {
        let artifacts = reports.flatMap { one in one.artifacts.map { (job: one.claim.id, name: $0) } }
        let rows = try rows(
            """
            SELECT nofx.finish_steps(
                \(reports.map(\.claim.id)), \(reports.map(\.claim.fence)), \(reports.map(\.outcome)),
                (SELECT array_agg(nullif(o, '') ORDER BY n) FROM unnest(\(reports.map { $0.outputs ?? "" }))
                 WITH ORDINALITY AS o (o, n)),
                (SELECT array_agg(json_build_object('code', e, 'message', 'm')::text ORDER BY n)
                 FROM unnest(\(reports.map { $0.error ?? "no" })) WITH ORDINALITY AS e (e, n)),
                ARRAY(SELECT d * interval '1 microsecond' FROM unnest(\(reports.map { Int($0.delay / .microseconds(1)) }))
                      WITH ORDINALITY AS d (d, n) ORDER BY n),
                \(artifacts.map(\.job)), \(artifacts.map(\.name)), \(artifacts.map { _ in "text/plain" }),
                (SELECT array_agg(sha256(convert_to(a, 'UTF8'))) FROM unnest(\(artifacts.map(\.name))) AS a),
                (SELECT array_agg(convert_to(a, 'UTF8')) FROM unnest(\(artifacts.map(\.name))) AS a)
            )
            """
        )
        let counted = Set(try (0..<rows.count).map { try rows[$0][0] as UUID })
        return reports.map(\.claim).filter { counted.contains($0.id) }
    }

    /// Reports the same result for all claims.
    @discardableResult
    mutating func finish(
        _ claims: [Claim],
        _ outcome: String = "succeeded",
        error: String? = nil,
        delay: Duration = .zero
    ) throws -> [Claim] {
        try finish(claims.map { Report(claim: $0, outcome: outcome, error: error, delay: delay) })
    }

    /// The jobs whose leases are still valid, and whether their runs were cancelled.
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

    /// Maintains the queue; returns how many jobs were promoted, rescued and dead-lettered.
    @discardableResult
    mutating func maintain(_ limit: Int32 = 1_000) throws -> [Int] {
        try rows("SELECT nofx.stop_overdue_runs(\(limit))")
        let rows = try rows(
            """
            SELECT p.promoted, j.rescued + s.rescued + s.returned AS rescued,
                   j.dead_lettered + s.dead_lettered AS dead_lettered
            FROM nofx.promote_jobs(\(limit * 10)) AS p (promoted), nofx.rescue_jobs(\(limit), '{0,2 s}') j,
                 nofx.rescue_steps(\(limit)) s
            """
        )
        try self.rows("SELECT nofx.expire_gates(\(limit))")
        return [try rows[0]["promoted"], try rows[0]["rescued"], try rows[0]["dead_lettered"]]
    }

    /// The outcome of an owner's retry of a step.
    mutating func retry(_ step: Int, of run: UUID) throws -> String {
        try asOwner(
            """
            SELECT concat_ws(' ', outcome, conflict)
            FROM nofx.retry_step(\(fixture.team), \(run), \("s\(step)"), '{}')
            """
        ).value()
    }

    /// The outcome of an owner's cancellation of a run, and the run's status.
    @discardableResult
    mutating func cancel(_ run: UUID) throws -> String {
        try asOwner(
            "SELECT concat_ws(' ', outcome, status, changes_state) FROM nofx.cancel_run(\(fixture.team), \(run), '{}')"
        ).value()
    }

    /// The outcome of an owner's decision on a gate.
    @discardableResult
    mutating func decide(_ step: Int, of run: UUID, _ decision: String) throws -> String {
        try asOwner(
            """
            SELECT concat_ws(' ', outcome, status)
            FROM nofx.decide_gate(\(fixture.team), \(run), \("s\(step)"), \(decision), NULL, '{}')
            """
        ).value()
    }

    /// Claims and completes steps until none is due.
    mutating func drain(_ topic: String = "test.echo", by count: Int = 50) throws {
        while case let claims = try claim(count, of: topic), !claims.isEmpty { try finish(claims) }
    }
}
