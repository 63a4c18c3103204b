public import Base
public import Core
public import Postgres

/// A claim of a job, as a worker has it.
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

/// Something that a step makes in a test.
public struct TestArtifact: Sendable {
    let name: String
    let type: String
    let content: [UInt8]

    /// Describes it.
    public init(_ name: String, _ type: String, _ content: some Sequence<UInt8>) {
        self.name = name
        self.type = type
        self.content = Array(content)
    }
}

extension TestDatabase {
    /// Starts a run, as `startRun` does with a plan that it has checked.
    ///
    /// - Parameters:
    ///   - steps: Its steps, each after those that it depends on.
    ///   - goal: What it is for.
    ///   - deadline: How long it may take.
    ///   - team: Whose it is.
    ///   - caller: Who starts it.
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
                .startRun(id, steps.map(\.planned), of: team, goal: goal, deadline: deadline),
            ],
            deadline: .test
        )[1].value()
        guard outcome == "ok" else { throw Unusable(reason: outcome) }
        return id
    }

    /// Claims jobs that are due, as a worker does.
    public func claim(_ topic: String = "test.echo", _ count: Int = 100) throws -> [TestClaim] {
        try rows(
            """
            SELECT * FROM nofx.claim_jobs(\(topic), \(count)::integer, '30 seconds', NULL, NULL,
                                          '00000000-0000-0000-0000-000000000000')
            """
        ).decode()
    }

    /// Says what became of steps, of all of them the same.
    ///
    /// - Parameters:
    ///   - claims: The steps, as they were claimed.
    ///   - outcome: What became of them, as `nofx.finish_steps` has it.
    ///   - outputs: What came out of them, as JSON.
    ///   - error: Why they failed.
    ///   - artifacts: What the first one made.
    /// - Returns: How many counted.
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

    /// Claims everything that is due of a topic, and says what became of it.
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
