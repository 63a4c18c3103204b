import Base
import Core
import Postgres

extension Rows {
    /// The first of the rows that tell of a run.
    ///
    /// Each says of the caller whether they may look (`allowed`) and as what (`caller_role`), and whether the team has
    /// the run (`has_run`). A stranger gets no row at all.
    ///
    /// - Throws: A `Denial`; 404 `run_not_found`.
    func firstOfRun(_ action: Action, team: ID<Run.Team>) throws -> Row {
        guard let row = first else { throw Denial.notMember(action, team: team) }
        guard try row["allowed"] else { throw Denial.missing(action, team: team, role: try row["caller_role"]) }
        guard try row["has_run"] else { throw Problem.runNotFound }
        return row
    }
}
