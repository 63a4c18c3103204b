import Base

extension ToolName {
    /// Checks inputs as the tool itself will.
    ///
    /// - Throws: Every rule that they break.
    func check(_ inputs: JSONValue) throws(Violations) {
        _ = try kind.inputs.init(input: inputs)
    }
}

extension ToolName.Kind {
    /// The type of the tool's inputs.
    var inputs: any InputObject.Type {
        switch self {
        case .generate: GenerateInputs.self
        case .writeArtifact: WriteArtifactInputs.self
        case .gate: GateInputs.self
        case .httpRequest: HTTPRequestInputs.self
        case .echo: EchoInputs.self
        case .fail: FailInputs.self
        case .wait: WaitInputs.self
        }
    }
}
