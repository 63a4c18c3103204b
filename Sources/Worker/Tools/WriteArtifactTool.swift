import Base
import Runs

/// `artifact:write`: keeps what it is given with the run.
struct WriteArtifactTool: Tool {
    func run(_ inputs: WriteArtifactInputs, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome {
        let artifact = try attempt.artifact(inputs.name, inputs.contentType, inputs.content)
        var json = JSONWriter()
        json.object { $0.member("artifact") { artifact.describe(in: &$0) } }
        return .succeeded(outputs: JSONText(trusted: json.bytes), artifacts: [artifact])
    }
}
