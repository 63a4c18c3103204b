public import Base
import Core
public import System

extension ToolName {
    /// Checks that `NOFX_DEFAULT_TOOLS` names tools that exist.
    ///
    /// - Throws: `ConfigurationError` for the first name that no tool has.
    public static func checkDefaults(_ environment: Environment) throws(ConfigurationError) {
        let variable = "NOFX_DEFAULT_TOOLS"
        guard let text = environment[variable], case .listed(let names) = DefaultTools(text) else { return }
        guard let unknown = names.first(where: { ToolName($0) == nil }) else { return }
        throw ConfigurationError(variable, "names no tool with \(unknown): each must be \(rule)")
    }
}
