import AI
import Base
import Core
import FunctionRuntime
import System
import Reliability

/// Calls an AI provider from a shell, with the same protection as every call.
@main
struct Ask: Function {
    static let name = "ask"
    static let summary = "Asks an AI provider, with the breakers, retries and budgets that every call has."
    static let subject = Subject.ai
    static let access = Access.operatorOnly

    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        _ = try Providers(environment)
        _ = try CallPolicy(environment)
    }

    func run(_ input: Question, in context: inout Context) throws -> Reply {
        let environment = Environment.current()
        var protection = try CallPolicy(environment)
        protection.budget = context.quotas.aiBudget
        let stores = PostgresStores(context.separateDatabase(), log: context.log)
        var providers = AIClient(
            try Providers(environment),
            protection,
            stores: FallbackCircuitBreakerStore(stores, log: context.log),
            log: context.log
        )
        let onText: ((String) -> Void)? = input.isStreamed ? { Self.show($0) } : nil
        do throws(AIError) {
            let answer = try providers.call(
                input.request,
                trying: try providers.candidates(for: input.choice),
                for: input.team,
                deadline: context.deadline,
                onText: onText
            )
            return Reply(answer)
        } catch {
            throw error.problem
        }
    }

    /// Partial text goes to standard error, because only people read it.
    private static func show(_ text: String) {
        try? FileDescriptor.standardError.write(Array(text.utf8))
    }
}
