public import Base
import Postgres

extension TestDatabase {
    /// Makes a team with an owner.
    public func makeWorkingTeam() throws -> WorkingTeam {
        let team = WorkingTeam(id: .v7(), owner: .v7())
        let slug = "t-\(team.id)"
        try rows(
            """
            WITH u AS (
                INSERT INTO nofx.users (id, issuer, subject) VALUES (\(team.owner), 'i', \(team.owner.description))
            ), t AS (
                INSERT INTO nofx.teams (id, name, slug, owner_id) VALUES (\(team.id), 'Acme', \(slug), \(team.owner))
            )
            INSERT INTO nofx.team_members (team_id, user_id, role) VALUES (\(team.id), \(team.owner), 'owner')
            """
        )
        return team
    }

    /// Starts a run as its team's owner.
    ///
    /// - Returns: The run.
    @discardableResult
    public func startRun(_ steps: [PlannedStep], of team: WorkingTeam) throws -> UUID {
        let run = UUID.v7()
        var connection = try connect()
        let rows = try connection.transact(
            [
                "SELECT set_config('nofx.user_id', \(team.owner.description), true)",
                .startRun(run, steps, of: team.id),
            ],
            deadline: .test
        )
        let outcome: String = try rows[1].value()
        guard outcome == "ok" else { throw Unusable(reason: "the run was not started: \(outcome)") }
        return run
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

    /// Asks for a run to be cancelled, as its team's owner.
    public func cancelRun(_ run: UUID, of team: WorkingTeam) throws {
        var connection = try connect()
        _ = try connection.transact(
            [
                "SELECT set_config('nofx.user_id', \(team.owner.description), true)",
                "SELECT outcome FROM nofx.cancel_run(\(team.id), \(run), '{}')",
            ],
            deadline: .test
        )
    }
}
