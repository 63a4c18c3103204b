public import Base
public import Core
import Postgres

extension Function {
    /// Answers one input: the endpoint as a caller sees it, without a process around it.
    ///
    /// - Throws: Nothing but what a caller is told about: a `Denial` or a `Problem`.
    public static func respond(to input: JSONValue, in context: inout Context) throws -> Output {
        do {
            return try Self().run(Input(input: input), in: &context)
        } catch let violations as Violations {
            throw Problem.validationFailed(violations.all)
        } catch let error as PostgresError {
            throw context.problem(of: error)
        } catch let error where error is Problem || error is Denial {
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
        log.error("database.failed", ["code": problem.code, "error": error.debugDescription])
        return problem
    }
}
