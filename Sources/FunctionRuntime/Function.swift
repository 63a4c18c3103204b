public import Base
public import Core
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
    /// EventBridge, CloudEvents. False unless the endpoint is for operators and does the same whoever starts it.
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
    /// Whoever has a valid credential. What a caller may do is decided by the statements.
    case authenticated

    /// Whoever can start the process or invoke the function directly; never a request from the web.
    case operatorOnly
}
