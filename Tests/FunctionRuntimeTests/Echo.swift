import Base
import Core
import System
import TestSupport

@testable import FunctionRuntime

/// A function that returns its input and its caller.
struct Echo: Function {
    struct Input: InputObject {
        let text: String

        static let schema = Schema(Field("text", String.self, "Any text."), into: Input.init)
    }

    struct Output: OutputObject {
        let text: String
        let caller: String?
        let issuer: String?
        let email: String?
        let mayOperate: Bool
        let requestID: String
        let traceID: String?
        let ip: String?
        let userAgent: String?

        static let fields: [OutputField<Output>] = [
            OutputField("text", "The text.") { $0.text },
            OutputField("caller", "Who calls.") { $0.caller },
            OutputField("issuer", "Who says so.") { $0.issuer },
            OutputField("email", "The caller's address.") { $0.email },
            OutputField("mayOperate", "Whether the caller operates.") { $0.mayOperate },
            OutputField("requestId", "The request.") { $0.requestID },
            OutputField("traceId", "The trace.") { $0.traceID },
            OutputField("ip", "The peer.") { $0.ip },
            OutputField("userAgent", "The caller's program.") { $0.userAgent },
        ]
    }

    static let name = "echo"
    static let summary = "Answers what it got."
    static let subject = Subject.operation
    static let access = Access.authenticated

    func run(_ input: Input, in context: inout Context) throws -> Output {
        let (caller, origin) = (context.caller, context.origin)
        return Output(
            text: input.text,
            caller: caller?.user.description,
            issuer: caller?.issuer,
            email: caller?.email?.text,
            mayOperate: caller?.mayOperate ?? false,
            requestID: origin.requestID,
            traceID: origin.traceID,
            ip: origin.ip,
            userAgent: origin.userAgent
        )
    }
}

/// The same as an operator function.
struct OperatorEcho: Function {
    static let name = "operatorEcho"
    static let summary = "Answers what it got."
    static let subject = Subject.operation
    static let access = Access.operatorOnly

    func run(_ input: Echo.Input, in context: inout Context) throws -> Echo.Output {
        try Echo().run(input, in: &context)
    }
}

/// A function that fails with an error of its own.
struct Failing: Function {
    struct Failure: Error {
        let secret = "hunter2"
    }

    static let name = "failing"
    static let summary = "Fails."
    static let subject = Subject.operation
    static let access = Access.operatorOnly

    func run(_ input: Echo.Input, in context: inout Context) throws -> Echo.Output {
        switch input.text {
        case "problem": throw Problem(status: 409, code: "slug_taken", detail: "Taken.")
        case "database": _ = try context.withConnection { _ in 1 }
        case "denial":
            let action = Action("test.do", needs: .read, refusal: "")
            throw Denial.notMember(action, team: ID<Failing>(UUID(high: 1, low: 2)))
        default: break
        }
        throw Failure()
    }
}

/// The answer of a server without a database, and its log.
struct Answered {
    let answer: Answer
    let form: Request.Form
    let log: LogLines

    var body: JSONValue {
        get throws { try JSONDocument(parsing: answer.body).root }
    }

    /// Runs a function on an event.
    ///
    /// There is no database at the configured address.
    init<F: Function>(
        _: F.Type,
        _ event: String?,
        _ delivery: Delivery = .init(),
        environment: [String: String] = [:],
        onLambda: Bool = false
    ) throws {
        let usual = [
            "DATABASE_URL": "host=127.0.0.1 port=1 user=nobody password=hunter2",
            "NOFX_JWT_SECRET": TestFunction.secret, "NOFX_JWT_ISSUER": TestFunction.issuer,
            "NOFX_JWT_AUDIENCE": TestFunction.audience,
        ]
        let lines = TestSupport.LogLines()
        let configuration = try Configuration(Environment(with: usual, environment), access: F.access)
        var server = Server<F>(configuration, believesPlatform: onLambda, log: lines.log)
        var answers: [(Answer, Request.Form)] = []
        server.answer(event.map { Array($0.utf8) }, delivery) { answers.append(($0, $1)) }
        guard answers.count == 1, let (answer, form) = answers.first else { throw NotAnsweredOnce() }
        (self.answer, self.form, log) = (answer, form, lines)
    }

    /// Runs ``Echo`` on an event.
    init(
        _ event: String?,
        _ delivery: Delivery = .init(),
        environment: [String: String] = [:],
        onLambda: Bool = false
    ) throws {
        try self.init(Echo.self, event, delivery, environment: environment, onLambda: onLambda)
    }

    typealias LogLines = TestSupport.LogLines

    struct NotAnsweredOnce: Error {}
}
