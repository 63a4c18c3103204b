public import Base
public import Core
import Postgres
public import System

/// An endpoint: its input, its callers and its output.
///
/// A conforming type is the complete endpoint. The runtime reads the event, authenticates the caller, decodes the input
/// and writes errors and logs in the same way on every platform.
public protocol Function {
    associatedtype Input: InputObject
    associatedtype Output: OutputValue

    /// The endpoint's name: its folder, its executable and its path.
    static var name: String { get }

    /// One sentence about the function of the endpoint.
    static var summary: String { get }

    /// The group to which the endpoint belongs. There is no default, so every endpoint must name one.
    static var subject: Subject { get }

    /// The callers that the endpoint accepts. There is no default, so every endpoint must name them.
    static var access: Access { get }

    /// The HTTP status of a success. The default is 200; an endpoint that creates something uses another.
    static var successStatus: Int { get }

    /// Whether the endpoint also accepts GET, which has no input. The default is false; only an endpoint that reads
    /// sets it.
    static var allowsGet: Bool { get }

    /// Whether a repeated call is answered also when its caller is no member of the team in its input any more; false
    /// unless the endpoint's own work is what ends the membership, or the team.
    static var answersFormerMembers: Bool { get }

    /// The time limit of a call if `NOFX_TIMEOUT_MS` is not set. The default is ten seconds.
    static var usualTimeout: Duration { get }

    /// Whether queues, schedules and event buses may start the endpoint with their own events: a batch of SQS,
    /// EventBridge, CloudEvents. The default is false; only operators' endpoints that need no caller set it.
    static var takesTriggers: Bool { get }

    /// Whether the endpoint supports `--forever`, which runs it until the process is terminated. `run` then has no
    /// deadline.
    static var canRunForever: Bool { get }

    /// The form of the endpoint's errors. The default is that of RFC 9457.
    static var form: AnswerForm { get }

    /// Other paths of the endpoint, as the clients of another API use them: `chat/completions`. The default is none.
    static var aliases: [String] { get }

    /// Checks the environment variables that only this endpoint reads. The default checks none.
    ///
    /// The runtime calls it at start, before it handles an event.
    ///
    /// - Throws: `ConfigurationError`, which contains the variable's name and never its value.
    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError)

    init()

    /// Does the work of the endpoint.
    ///
    /// - Throws: A `Problem`, a `Denial`, `Violations` or a `PostgresError`, which have their own responses. The caller
    ///   sees any other error as an internal error.
    func run(_ input: Input, in context: inout Context) throws -> Output
}

extension Function {
    public static var successStatus: Int { 200 }
    public static var allowsGet: Bool { false }
    public static var answersFormerMembers: Bool { false }
    public static var usualTimeout: Duration { .seconds(10) }
    public static var takesTriggers: Bool { false }
    public static var canRunForever: Bool { false }
    public static var form: AnswerForm { .problem }
    public static var aliases: [String] { [] }
    public static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {}
}

/// The form of an endpoint's errors.
public enum AnswerForm: Sendable {
    /// A problem (RFC 9457).
    case problem

    /// An error as OpenAI's API writes it. Such an endpoint also streams its answers, and takes no idempotency key.
    case openAI
}

/// The callers that a function accepts.
public enum Access: Sendable {
    /// Every caller, without a credential: health checks only.
    case anyone

    /// Any caller with a valid credential. The statements decide what the caller may do.
    case authenticated

    /// Callers who can start the process or invoke the function directly. Web requests are rejected.
    case operatorOnly
}

extension Function {
    /// Serves the platform's events until the platform stops the process, or handles a single event.
    ///
    /// The environment of the process determines the transport. The contents of an event cannot change it.
    public static func main() {
        main(Command(name))
    }

    /// Does the same as `main()` for a command line of which the endpoint uses only a part.
    ///
    /// - Parameter command: The command that started the endpoint.
    public static func main(_ command: Command) {
        let environment = Environment.current()
        Transport.serve(environment) { believesPlatform in
            handler(environment, believesPlatform: believesPlatform, database: SharedDatabase())
        }
        StandardStreams<Self>(environment, command).serve()
    }
}

extension Function {
    /// Handles one input: the endpoint as a caller sees it, without a process.
    ///
    /// - Throws: Only a `Denial`, a `Problem` or `CallRepeated`.
    public static func respond(to input: JSONValue, in context: inout Context) throws -> Output {
        try answering(in: &context) { context in try Self().run(Input(input: input), in: &context) }
    }

    /// Runs `body` and converts its error into the response for the caller.
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
            // The configuration was valid at start, so it has changed since.
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
    /// The response for a database error.
    ///
    /// The complete error is logged first.
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

/// The response of a successful call.
struct Reply {
    /// One JSON value, or a text.
    let body: [UInt8]

    /// The media type of the body, for `Content-Type`.
    var contentType = "application/json"

    /// Whether this is the stored response of an earlier call.
    let isRepeated: Bool
}

extension Function {
    /// Handles one input.
    ///
    /// Calls with the same idempotency key do the work at most once.
    ///
    /// - Parameters:
    ///   - input: The input.
    ///   - key: The idempotency key; nil if the call has none.
    ///   - accept: The media types that the caller prefers.
    ///   - context: The caller and the database.
    /// - Returns: The response of this call, or the stored response of the call that it repeats.
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
                try context.commit(
                    answer: JSONText(trusted: stored.bytes),
                    about: (output as? any TeamAnswer)?.answeredTeam
                )
                return Reply(output, accept)
            } catch is CallRepeated {
                context.rollBack()
                let answer = try context.answer(of: call, about: Output.self as? any TeamAnswer.Type)
                return Reply(body: answer.bytes, isRepeated: true)
            } catch {
                context.rollBack()
                throw error
            }
        }
    }
}

extension Reply {
    /// The response of a call that is not a repetition.
    ///
    /// It is text if the output has a text format and the caller prefers it.
    fileprivate init<Output: OutputValue>(_ output: Output, _ accept: Accept) {
        if let events = (output as? any EventOutput)?.events {
            self.init(body: events, contentType: "text/event-stream", isRepeated: false)
            return
        }
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

/// The group of an endpoint in `nofx --help` and in the documentation.
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
