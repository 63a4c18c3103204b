public import Base

extension Run {
    /// Names a run of a team.
    public struct Reference: InputObject {
        let team: ID<Team>
        let run: ID<Run>

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            into: Reference.init
        )
    }

    /// Names a step of a run.
    public struct StepReference: InputObject {
        let team: ID<Team>
        let run: ID<Run>
        let step: StepName

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            Field("step", StepName.self, "The step, as the plan calls it."),
            into: StepReference.init
        )
    }
}
