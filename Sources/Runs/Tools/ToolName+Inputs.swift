import Base

extension ToolName {
    /// Checks inputs as the tool itself will.
    ///
    /// - Throws: Every rule that they break.
    func check(_ inputs: JSONValue) throws(Violations) {
        switch kind {
        case .generate: _ = try GenerateInputs(input: inputs)
        case .writeArtifact: _ = try WriteArtifactInputs(input: inputs)
        case .gate: _ = try GateInputs(input: inputs)
        case .httpRequest: _ = try HTTPRequestInputs(input: inputs)
        case .echo: _ = try EchoInputs(input: inputs)
        case .fail: _ = try FailInputs(input: inputs)
        case .wait: _ = try WaitInputs(input: inputs)
        }
    }
}
