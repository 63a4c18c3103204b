import Core
import FunctionRuntime
import Runs

/// Shows what a step made.
struct GetArtifact: Function {
    static let name = "getArtifact"
    static let summary = "Shows something that a step made and that was kept, with its content."
    static let subject = Subject.runs
    static let access = Access.authenticated

    func run(_ input: Artifact.Reference, in context: inout Context) throws -> Artifact {
        try Artifact.get(input, in: &context)
    }
}
