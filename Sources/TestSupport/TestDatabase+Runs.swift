public import Base
public import Core
public import Postgres

/// A claim of a job.
public struct TestClaim: RowDecodable, Sendable {
    public let id: UUID
    public let run: UUID?
    public let number: Int?
    public let attempt: Int
    public let fence: Int64

    public init(row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        run = try row["run_id"]
        number = try row["step_no"]
        attempt = try row["attempt"]
        fence = try row["fence"]
    }
}

/// An artifact that a step makes in a test.
public struct TestArtifact: Sendable {
    let name: String
    let type: String
    let content: [UInt8]

    /// Makes an artifact.
    public init(_ name: String, _ type: String, _ content: some Sequence<UInt8>) {
        self.name = name
        self.type = type
        self.content = Array(content)
    }
}

/// A team and its owner, who may start runs.
public struct WorkingTeam: Sendable {
    public let id: UUID

    public let owner: Caller
}

extension TestDatabase {
    /// Makes a team with an owner.
    public func makeWorkingTeam() throws -> WorkingTeam {
        let (id, user) = (UUID.v7(), UUID.v7())
        let owner = Caller(user: ID(user), issuer: "i", subject: user.description, email: nil)
        try rows(
            """
            WITH u AS (
                INSERT INTO nofx.users (id, issuer, subject) VALUES (\(user), 'i', \(user.description))
            ), t AS (
                INSERT INTO nofx.teams (id, name, slug, owner_id) VALUES (\(id), 'Acme', \("t-\(id)"), \(user))
            )
            INSERT INTO nofx.team_members (team_id, user_id, role) VALUES (\(id), \(user), 'owner')
            """
        )
        return WorkingTeam(id: id, owner: owner)
    }

    /// Starts a run, as `startRun` does after it has validated the plan.
    ///
    /// - Parameters:
    ///   - steps: Its steps, each after those that it depends on.
    ///   - goal: Its purpose.
    ///   - deadline: Its time limit.
    ///   - team: The team that owns it.
    ///   - caller: The member who starts it.
    /// - Returns: The run.
    /// - Throws: `PostgresError`, or ``Unusable`` when the database refuses it.
    @discardableResult
    public func startRun(
        _ steps: [TestStep],
        goal: String = "Test",
        deadline: Duration? = nil,
        team: UUID,
        by caller: Caller
    ) throws -> UUID {
        let id = UUID.v7()
        var connection = try Connection(ConnectionString(url), deadline: .test, log: .silent)
        let outcome: String = try connection.transact(
            [
                """
                SELECT nofx.enter(\(SchemaVersion.required), \(caller.user), \(caller.issuer), \(caller.subject),
                                  NULL, NULL)
                """,
                .startRun(id, steps, of: team, goal: goal, deadline: deadline),
            ],
            deadline: .test
        )[1].value()
        guard outcome == "ok" else { throw Unusable(reason: "the run was not started: \(outcome)") }
        return id
    }

    /// Starts a run as its team's owner.
    @discardableResult
    public func startRun(_ steps: [TestStep], of team: WorkingTeam) throws -> UUID {
        try startRun(steps, team: team.id, by: team.owner)
    }

    /// The status of a run.
    public func status(of run: UUID) throws -> String {
        try value("SELECT status FROM nofx.runs WHERE id = \(run)")
    }

    /// The statuses of a run's steps, in the plan's order.
    public func steps(of run: UUID) throws -> [String] {
        try value("SELECT array_agg(name || ' ' || status ORDER BY no) FROM nofx.steps WHERE run_id = \(run)")
    }

    /// The types of a run's events, each with the name of its step, in order.
    public func events(of run: UUID) throws -> [String] {
        try value(
            """
            SELECT array_agg(concat_ws(' ', e.type, s.name) ORDER BY e.seq)
            FROM nofx.events e LEFT JOIN nofx.steps s ON s.run_id = e.run_id AND s.no = e.step_no
            WHERE e.run_id = \(run)
            """
        )
    }

    /// Requests the cancellation of a run, as its team's owner.
    public func cancelRun(_ run: UUID, of team: WorkingTeam) throws {
        var connection = try connect()
        _ = try connection.transact(
            [
                "SELECT set_config('nofx.user_id', \("\(team.owner.user)"), true)",
                "SELECT outcome FROM nofx.cancel_run(\(team.id), \(run), '{}')",
            ],
            deadline: .test
        )
    }

    /// Claims jobs that are due and begins their attempts, as a worker does.
    public func claim(_ topic: String = "test.echo", _ count: Int = 100) throws -> [TestClaim] {
        let claims: [TestClaim] = try rows(
            """
            SELECT * FROM nofx.claim_jobs(\(topic), \(count)::integer, '30 seconds', NULL, NULL,
                                          '00000000-0000-0000-0000-000000000000')
            """
        ).decode()
        try rows("SELECT nofx.begin_steps(\(claims.map(\.id)), \(claims.map(\.fence)))")
        return claims
    }

    /// Reports the same result for all claims.
    ///
    /// - Parameters:
    ///   - claims: The claims.
    ///   - outcome: The outcome, as `nofx.finish_steps` takes it.
    ///   - outputs: The outputs, in JSON.
    ///   - error: The error code.
    ///   - artifacts: The artifacts of the first claim.
    /// - Returns: How many results were accepted.
    /// - Throws: `PostgresError`.
    @discardableResult
    public func finish(
        _ claims: [TestClaim],
        _ outcome: String = "succeeded",
        outputs: String? = nil,
        error: String? = nil,
        artifacts: [TestArtifact] = []
    ) throws -> Int {
        let (count, made) = (claims.count, artifacts.count)
        let error = error.map { #"{"code":"\#($0)","message":"A test wants it."}"# }
        return try rows(
            """
            SELECT nofx.finish_steps(
                \(claims.map(\.id)), \(claims.map(\.fence)), array_fill(\(outcome)::text, ARRAY[\(count)::integer]),
                array_fill(\(outputs)::text, ARRAY[\(count)::integer]),
                array_fill(\(error)::text, ARRAY[\(count)::integer]),
                array_fill(interval '0', ARRAY[\(count)::integer]),
                array_fill(\(claims.first?.id)::uuid, ARRAY[\(made)::integer]), \(artifacts.map(\.name)),
                \(artifacts.map(\.type)),
                ARRAY(SELECT sha256(decode(h, 'hex')) FROM unnest(\(artifacts.map(\.hexadecimal))) h),
                ARRAY(SELECT decode(h, 'hex') FROM unnest(\(artifacts.map(\.hexadecimal))) h)
            )
            """
        ).count
    }

    /// Maintains the queue, as workers do.
    public func maintain() throws {
        try rows("SELECT nofx.promote_jobs(100)")
        try rows("SELECT nofx.rescue_steps(100)")
        try rows("SELECT nofx.stop_overdue_runs(100)")
        try rows("SELECT nofx.expire_gates(100)")
    }

    /// Claims all due jobs of a topic and reports their result.
    @discardableResult
    public func work(
        _ topic: String = "test.echo",
        _ outcome: String = "succeeded",
        outputs: String? = #"{"done":true}"#,
        error: String? = nil
    ) throws -> Int {
        try finish(claim(topic), outcome, outputs: outputs, error: error)
    }
}

extension TestArtifact {
    fileprivate var hexadecimal: String { Hexadecimal.encode(content) }
}
