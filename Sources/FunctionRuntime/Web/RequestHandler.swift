import Base
import Core
import System

/// Answers what a transport receives: with one endpoint, or with several by the paths of requests.
protocol RequestHandler: AnyObject {
    /// The name in the log of the transport.
    var name: String { get }

    /// The level of that log.
    var logLevel: Log.Level { get }

    /// The variable that is wrong, if one is wrong for all that comes.
    var misconfiguration: ConfigurationError? { get }

    /// What the process tells of its calls.
    var telemetry: Telemetry { get }

    /// Answers a request that the transport read.
    func answer(_ request: Request, _ delivery: Delivery, deliver: (Answer) -> Void)

    /// Answers an event whose form is still to be recognized.
    ///
    /// - Parameters:
    ///   - event: The bytes; nil if there are too many.
    ///   - delivery: The transport's data about the event.
    ///   - deliver: Takes the answer, and the form of the event in which it is to be written.
    func answer(event: [UInt8]?, _ delivery: Delivery, deliver: (Answer, Request.Form) -> Void)
}

extension RequestHandler {
    /// The answer to a request that no endpoint handles, with its line in the log.
    func refuse(_ problem: Problem, requestID: String? = nil, form: AnswerForm = .problem) -> Answer {
        let answer = Answer(problem, requestID: requestID ?? UUID.v7().description, form: form)
        Log(level: logLevel, function: name).report(answer)
        return answer
    }
}

/// One endpoint, which answers every path.
final class EndpointHandler<F: Function>: RequestHandler {
    let logLevel: Log.Level
    let misconfiguration: ConfigurationError?
    let telemetry: Telemetry
    private var server: Server<F>?

    var name: String { F.name }

    /// Reads the endpoint's configuration.
    ///
    /// If it is wrong, every request is answered with `misconfigured`.
    ///
    /// - Parameters:
    ///   - environment: The variables.
    ///   - believesPlatform: Whether the transport's platform may vouch for callers.
    ///   - database: The connection that the endpoints of the process share.
    ///   - telemetry: What the process tells of its calls.
    ///   - log: The log of the endpoint.
    init(
        _ environment: Environment,
        believesPlatform: Bool,
        database: SharedDatabase,
        telemetry: Telemetry,
        log: Log
    ) {
        self.telemetry = telemetry
        do throws(ConfigurationError) {
            let configuration = try Configuration.result(environment, for: F.self).get()
            (logLevel, misconfiguration) = (configuration.logLevel, nil)
            server = Server<F>(
                configuration,
                believesPlatform: believesPlatform,
                database: database,
                telemetry: telemetry,
                log: log.at(logLevel)
            )
        } catch {
            (logLevel, misconfiguration) = (.info, error)
            server = nil
            log.error("configuration.invalid", ["variable": error.variable, "rule": error.rule])
        }
    }

    func answer(_ request: Request, _ delivery: Delivery, deliver: (Answer) -> Void) {
        guard server != nil else { return deliver(refuse(.misconfigured, requestID: delivery.requestID, form: F.form)) }
        server?.answer(request, delivery) { answer, _ in deliver(answer) }
    }

    func answer(event: [UInt8]?, _ delivery: Delivery, deliver: (Answer, Request.Form) -> Void) {
        guard server != nil else {
            // An HTTP event gets an HTTP response whatever is wrong.
            let answer = refuse(.misconfigured, requestID: delivery.requestID)
            return deliver(answer, event.flatMap(Request.Form.init(of:)) ?? .direct)
        }
        server?.answer(event, delivery, deliver: deliver)
    }
}

/// Several endpoints, each at the path of its name, also below a version or a prefix: `/v1/createTeam`.
///
/// An event without a path, such as a schedule's, names no endpoint, unless the transport knows it.
final class Router: RequestHandler {
    let name = Process.name
    let logLevel = Log.Level.info
    let misconfiguration: ConfigurationError? = nil
    let telemetry: Telemetry
    private let endpoints: [any Function.Type]
    private let environment: Environment
    private let believesPlatform: Bool
    private let database = SharedDatabase()
    private var handlers: [String: any RequestHandler] = [:]

    init(_ endpoints: [any Function.Type], _ environment: Environment, believesPlatform: Bool = false) {
        self.endpoints = endpoints + Gateway.healthChecks
        self.environment = environment
        self.believesPlatform = believesPlatform
        telemetry = Telemetry(environment, log: Log(level: logLevel, function: name))
    }

    func answer(_ request: Request, _ delivery: Delivery, deliver: (Answer) -> Void) {
        guard let handler = request.path.map(name(at:)).flatMap(handler(of:)) else {
            let problem = Problem(
                status: 404,
                code: "endpoint_not_found",
                detail: "The path must end with the name of an endpoint, as in /v1/createTeam."
            )
            return deliver(refuse(problem, requestID: delivery.requestID))
        }
        handler.answer(request, delivery, deliver: deliver)
    }

    func answer(event: [UInt8]?, _ delivery: Delivery, deliver: (Answer, Request.Form) -> Void) {
        if let handler = delivery.endpoint.flatMap(handler) {
            return handler.answer(event: event, delivery, deliver: deliver)
        }
        do throws(Problem) {
            guard let event else { throw .payloadTooLarge }
            let request = try EventDecoder.decode(JSONDocument(event: event, limits: .wrappedEvent).root)
            answer(request, delivery) { deliver($0, request.form) }
        } catch {
            deliver(refuse(error, requestID: delivery.requestID), .direct)
        }
    }

    /// The name of the endpoint at a path: its last segment, unless an alias has several.
    private func name(at path: String) -> String {
        let segments = path.split(separator: "/")
        let endpoint = endpoints.first { endpoint in
            endpoint.aliases.contains { segments.ends(with: $0.split(separator: "/")) }
        }
        return endpoint?.name ?? segments.last.map(String.init) ?? ""
    }

    /// An endpoint's configuration is read when its first request comes, and its handler kept.
    private func handler(of name: String) -> (any RequestHandler)? {
        if let handler = handlers[name] { return handler }
        guard let endpoint = endpoints.first(where: { $0.name == name }) else { return nil }
        let handler = endpoint.handler(
            environment,
            believesPlatform: believesPlatform,
            database: database,
            telemetry: telemetry
        )
        handlers[name] = handler
        return handler
    }
}

extension Array where Element: Equatable {
    fileprivate func ends(with end: [Element]) -> Bool { suffix(end.count).elementsEqual(end) }
}

extension Function {
    /// The handler of this endpoint, which tells of its calls by itself unless it is one of several in the process.
    static func handler(
        _ environment: Environment,
        believesPlatform: Bool = false,
        database: SharedDatabase,
        telemetry: Telemetry? = nil
    ) -> any RequestHandler {
        let log = Log(level: .info, function: name)
        return EndpointHandler<Self>(
            environment,
            believesPlatform: believesPlatform,
            database: database,
            telemetry: telemetry ?? Telemetry(environment, log: log),
            log: log
        )
    }
}
