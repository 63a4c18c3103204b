import Core
import FunctionRuntime
import Runs

/// Shows an artifact of a step.
struct GetArtifact: Function {
    static let name = "getArtifact"
    static let summary = "Shows an artifact of a step, with its content."
    static let subject = Subject.runs
    static let access = Access.authenticated

    func run(_ input: Artifact.Reference, in context: inout Context) throws -> Artifact {
        try Artifact.get(input, in: &context)
    }
}
