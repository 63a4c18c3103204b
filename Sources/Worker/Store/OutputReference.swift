internal import Base
internal import Runs

/// What a step's inputs say of an earlier step of its run, whose outputs they need.
struct OutputReference: Hashable {
    let team: UUID
    let run: ID<Run>
    let text: String
}
