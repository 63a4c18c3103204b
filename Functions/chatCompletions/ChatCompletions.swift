import AI
import Base
import Core
import FunctionRuntime
import System

/// Answers programs that are no runs, in the form of OpenAI Chat Completions.
struct ChatCompletions: Function {
    static let name = "chatCompletions"
    static let summary = "Asks an AI provider for your team, in the form of OpenAI Chat Completions."
    static let subject = Subject.ai
    static let access = Access.authenticated
    static let usualTimeout = Duration.seconds(300)
    static let form = AnswerForm.openAI
    static let aliases = ["chat/completions"]

    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        _ = try Providers(environment)
        _ = try CallPolicy(environment)
    }

    func run(_ input: ChatRequest, in context: inout Context) throws -> ChatReply {
        let environment = Environment.current()
        return try ChatReply.make(
            input,
            from: try Providers(environment),
            under: try CallPolicy(environment),
            in: &context
        )
    }
}
