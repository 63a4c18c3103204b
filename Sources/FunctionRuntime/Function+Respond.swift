public import Base
public import Core
import Postgres

extension Function {
    /// Answers one input: the endpoint as a caller sees it, without a process around it.
    ///
    /// - Throws: Nothing but what a caller is told about, a `Denial` or a `Problem`, and `CallRepeated`.
    public static func respond(to input: JSONValue, in context: inout Context) throws -> Output {
        try answering(in: &context) { context in try Self().run(Input(input: input), in: &context) }
    }

    /// Does something, and turns what it throws into what a caller is told.
    static func answering<Result>(
        in context: inout Context,
        _ body: (inout Context) throws -> Result
    ) throws -> Result {
        do {
            return try body(&context)
        } catch let violations as Violations {
            throw Problem.validationFailed(violations.all)
        } catch let error as PostgresError {
            throw context.problem(of: error)
        } catch let error as ConfigurationError {
            // It was in order at start: what was checked then has changed.
            context.log.error("configuration.invalid", ["variable": error.variable, "rule": error.rule])
            throw Problem.misconfigured
        } catch let error where error is Problem || error is Denial || error is CallRepeated {
            throw error
        } catch {
            context.log.error("call.failed", ["error": "\(error)"])
            throw Problem.internal
        }
    }
}

extension Context {
    /// What the caller is told about a database error, after the operator was told all of it.
    fileprivate borrowing func problem(of error: PostgresError) -> Problem {
        let problem = Problem(error)
        if problem.status == 429 || problem.status == 409 {
            log.warning("call.refused", ["code": problem.code, "userId": caller?.user])
        } else {
            log.error("database.failed", ["code": problem.code, "error": error.debugDescription])
        }
        return problem
    }
}
