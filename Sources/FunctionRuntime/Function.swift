public import Base
public import Core
import Postgres
public import System

/// One endpoint: what it takes, who may call it, and what it answers.
///
/// A conforming type is the whole endpoint. Reading the event, authentication, decoding, errors and logs are done
/// around it, in the same way on every platform.
public protocol Function {
    associatedtype Input: InputObject
    associatedtype Output: OutputValue

    /// The endpoint's name: its folder, its executable and its path.
    static var name: String { get }

    /// What the endpoint does, as a sentence.
    static var summary: String { get }

    /// What the endpoint is about. There is no default: every endpoint says.
    static var subject: Subject { get }

    /// Who may call the endpoint. There is no default: every endpoint says.
    static var access: Access { get }

    /// The HTTP status of success; 200 unless the endpoint makes something.
    static var successStatus: Int { get }

    /// Whether the endpoint also answers GET, which brings no input; false unless the endpoint only looks.
    static var allowsGet: Bool { get }

    /// Whether a repeated call is answered also when its caller is no member of the team in its input any more; false
    /// unless the endpoint's own work is what ends the membership.
    static var answersFormerMembers: Bool { get }

    /// How long a call may take unless `NOFX_TIMEOUT_MS` says otherwise; ten seconds unless the endpoint's work takes
    /// longer.
    static var usualTimeout: Duration { get }

    /// Whether queues, schedules and event buses may start the endpoint with events of their own: a batch of SQS,
    /// EventBridge, CloudEvents. False unless the endpoint is for operators and needs no caller.
    static var takesTriggers: Bool { get }

    /// Whether `--forever` has the endpoint go on until the process is to end; `run` then has no deadline.
    static var canRunForever: Bool { get }

    /// Checks the variables that only this endpoint reads; none unless the endpoint says otherwise.
    ///
    /// It runs at start, before an event is answered.
    ///
    /// - Throws: `ConfigurationError`, which names the variable and never its value.
    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError)

    init()

    /// Does the work.
    ///
    /// - Throws: A `Problem`, a `Denial`, `Violations` or a `PostgresError`, which have answers of their own; any
    ///   other error is answered as an internal one.
    func run(_ input: Input, in context: inout Context) throws -> Output
}

extension Function {
    public static var successStatus: Int { 200 }
    public static var allowsGet: Bool { false }
    public static var answersFormerMembers: Bool { false }
    public static var usualTimeout: Duration { .seconds(10) }
    public static var takesTriggers: Bool { false }
    public static var canRunForever: Bool { false }
    public static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {}
}

/// Who may call a function.
public enum Access: Sendable {
    /// Every caller, without a credential: health checks only.
    case anyone

    /// Any caller with a valid credential. The statements decide what the caller may do.
    case authenticated

    /// Direct invocation only: a caller who can start the process or invoke the function; never a web request.
    case operatorOnly
}

extension Function {
    /// Serves what the platform brings until it stops, or the one event there is.
    ///
    /// The transport is chosen by what the process finds in its environment, never by what an event says.
    public static func main() {
        main(Command(name))
    }

    /// Does what `main()` does, with a command line that is not the whole of the process's.
    ///
    /// - Parameter command: How the endpoint was started.
    public static func main(_ command: Command) {
        Process.ignoreBrokenPipes()
        Process.exitOnTermination()
        let environment = Environment.current()
        if let address = environment["AWS_LAMBDA_RUNTIME_API"] {
            LambdaLoop(LambdaEndpoint<Self>(environment), address: address).serve()
        }
        WebServer.serve(environment) { handler(environment, database: SharedDatabase()) }
        StandardStreams<Self>(environment, command).serve()
    }
}

extension Function {
    /// Answers one input: the endpoint as a caller sees it, without a process around it.
    ///
    /// - Throws: Only a `Denial`, a `Problem` or `CallRepeated`.
    public static func respond(to input: JSONValue, in context: inout Context) throws -> Output {
        try answering(in: &context) { context in try Self().run(Input(input: input), in: &context) }
    }

    /// Runs `body`, and turns its error into the answer for the caller.
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
    /// The answer for a database error; the log gets all of it first.
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

/// A success, as it is answered.
struct Reply {
    /// One JSON value, or a text.
    let body: [UInt8]

    /// What the body is, as `Content-Type` says it.
    var contentType = "application/json"

    /// Whether it is the answer of a call that was made before.
    let isRepeated: Bool
}

extension Function {
    /// Answers one input, and does the work at most once for one key.
    ///
    /// - Parameters:
    ///   - input: What is wanted.
    ///   - key: What the caller calls the call; nil for one that is not to be repeated.
    ///   - accept: Which form of the answer the caller would like.
    ///   - context: Who calls, and the database.
    /// - Returns: The answer, of this call or of the one that it repeats.
    /// - Throws: Only a `Denial` or a `Problem`.
    static func reply(
        to input: JSONValue,
        key: String?,
        accept: Accept,
        in context: inout Context
    ) throws -> Reply {
        guard let key else { return Reply(try respond(to: input, in: &context), accept) }
        let call = RepeatableCall(
            name,
            key: key,
            input: input.text,
            team: answersFormerMembers ? nil : input["teamId"]?.string.flatMap(UUID.init)
        )
        return try answering(in: &context) { context in
            context.begin(call)
            do {
                let output = try respond(to: input, in: &context)
                var stored = JSONWriter(hidesSecrets: true)
                output.encode(to: &stored)
                try context.commit(answer: JSONText(trusted: stored.bytes))
                return Reply(output, accept)
            } catch is CallRepeated {
                context.rollBack()
                return Reply(body: try context.answer(of: call).bytes, isRepeated: true)
            } catch {
                context.rollBack()
                throw error
            }
        }
    }
}

extension Reply {
    /// The first answer of a call, as text where there is one and the caller would rather have it.
    fileprivate init<Output: OutputValue>(_ output: Output, _ accept: Accept) {
        guard let output = output as? any TextOutput, let text = Self.text(of: output, accept) else {
            self.init(body: output.jsonBytes, isRepeated: false)
            return
        }
        self = text
    }

    private static func text<Output: TextOutput>(of output: Output, _ accept: Accept) -> Reply? {
        guard accept.prefersText(of: Output.self) else { return nil }
        return Reply(body: Array(output.text.utf8), contentType: Output.textContentType, isRepeated: false)
    }
}

/// What an endpoint is about, as `nofx --help` and the documentation group them.
public enum Subject: String, CaseIterable, Sendable {
    case teams = "Teams"
    case members = "Members"
    case invites = "Invites"
    case audit = "Audit"
    case keys = "API keys"
    case webhooks = "Webhooks"
    case runs = "Runs"
    case gates = "Gates"
    case queue = "Queue"
    case ai = "AI"
    case operation = "Operation"
}
