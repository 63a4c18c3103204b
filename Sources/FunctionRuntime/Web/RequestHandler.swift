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

/// One endpoint, which answers every path.
final class EndpointHandler<F: Function>: RequestHandler {
    let logLevel: Log.Level
    let misconfiguration: ConfigurationError?
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
    ///   - log: The log of the endpoint.
    init(_ environment: Environment, believesPlatform: Bool, database: SharedDatabase, log: Log) {
        do throws(ConfigurationError) {
            let configuration = try Configuration.result(environment, for: F.self).get()
            (logLevel, misconfiguration) = (configuration.logLevel, nil)
            server = Server<F>(
                configuration,
                believesPlatform: believesPlatform,
                database: database,
                log: log.at(logLevel)
            )
        } catch {
            (logLevel, misconfiguration) = (.info, error)
            server = nil
            log.error("configuration.invalid", ["variable": error.variable, "rule": error.rule])
        }
    }

    func answer(_ request: Request, _ delivery: Delivery, deliver: (Answer) -> Void) {
        guard server != nil else { return deliver(.misconfigured(delivery)) }
        server?.answer(request, delivery) { answer, _ in deliver(answer) }
    }

    func answer(event: [UInt8]?, _ delivery: Delivery, deliver: (Answer, Request.Form) -> Void) {
        guard server != nil else {
            // An HTTP event gets an HTTP response whatever is wrong.
            return deliver(.misconfigured(delivery), event.flatMap(Request.Form.init(of:)) ?? .direct)
        }
        server?.answer(event, delivery, deliver: deliver)
    }
}

extension Answer {
    fileprivate static func misconfigured(_ delivery: Delivery) -> Answer {
        Answer(.misconfigured, requestID: delivery.requestID ?? UUID.v7().description)
    }
}

/// Several endpoints, each at the path of its name, also below a version or a prefix: `/v1/createTeam`.
///
/// An event without a path, such as a schedule's, names no endpoint.
final class Router: RequestHandler {
    let name = Process.name
    let logLevel = Log.Level.info
    let misconfiguration: ConfigurationError? = nil
    private let endpoints: [any Function.Type]
    private let environment: Environment
    private let believesPlatform: Bool
    private let database = SharedDatabase()
    private var handlers: [String: any RequestHandler] = [:]

    init(_ endpoints: [any Function.Type], _ environment: Environment, believesPlatform: Bool = false) {
        self.endpoints = endpoints + [Liveness.self, Readiness.self]
        self.environment = environment
        self.believesPlatform = believesPlatform
    }

    func answer(_ request: Request, _ delivery: Delivery, deliver: (Answer) -> Void) {
        let name = request.path.flatMap { $0.split(separator: "/").last.map(String.init) } ?? ""
        guard let handler = handler(of: name) else {
            let problem = Problem(
                status: 404,
                code: "endpoint_not_found",
                detail: "The path must end with the name of an endpoint, as in /v1/createTeam."
            )
            return deliver(Answer(problem, requestID: delivery.requestID ?? UUID.v7().description))
        }
        handler.answer(request, delivery, deliver: deliver)
    }

    func answer(event: [UInt8]?, _ delivery: Delivery, deliver: (Answer, Request.Form) -> Void) {
        do throws(Problem) {
            guard let event else { throw .payloadTooLarge }
            let request = try EventDecoder.decode(JSONDocument(event: event, limits: .wrappedEvent).root)
            answer(request, delivery) { deliver($0, request.form) }
        } catch {
            deliver(Answer(error, requestID: delivery.requestID ?? UUID.v7().description), .direct)
        }
    }

    /// An endpoint's configuration is read when its first request comes, and its handler kept.
    private func handler(of name: String) -> (any RequestHandler)? {
        if let handler = handlers[name] { return handler }
        guard let endpoint = endpoints.first(where: { $0.name == name }) else { return nil }
        let handler = endpoint.handler(environment, believesPlatform: believesPlatform, database: database)
        handlers[name] = handler
        return handler
    }
}

extension Function {
    /// The handler of this endpoint.
    static func handler(
        _ environment: Environment,
        believesPlatform: Bool = false,
        database: SharedDatabase
    ) -> any RequestHandler {
        EndpointHandler<Self>(
            environment,
            believesPlatform: believesPlatform,
            database: database,
            log: Log(level: .info, function: name)
        )
    }
}
