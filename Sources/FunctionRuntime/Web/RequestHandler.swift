import Base
import Core
import System

/// Answers requests of a web server: with one endpoint, or with several by their paths.
protocol RequestHandler: AnyObject {
    func answer(_ request: Request, _ delivery: Delivery, deliver: (Answer) -> Void)
}

/// One endpoint, which answers every path.
final class EndpointHandler<F: Function>: RequestHandler {
    private var server: Server<F>?
    private let log: Log

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
            self.log = log.at(configuration.logLevel)
            server = Server<F>(configuration, believesPlatform: believesPlatform, database: database, log: self.log)
        } catch {
            self.log = log
            server = nil
            log.error("configuration.invalid", ["variable": error.variable, "rule": error.rule])
        }
    }

    func answer(_ request: Request, _ delivery: Delivery, deliver: (Answer) -> Void) {
        guard server != nil else { return deliver(Answer(.misconfigured, requestID: UUID.v7().description)) }
        server?.answer(request, delivery) { answer, _ in deliver(answer) }
    }
}

/// Several endpoints, each at the path of its name, also below a version or a prefix: `/v1/createTeam`.
final class Router: RequestHandler {
    private let endpoints: [any Function.Type]
    private let environment: Environment
    private let believesPlatform: Bool
    private let database = SharedDatabase()
    private var handlers: [String: any RequestHandler] = [:]

    init(_ endpoints: [any Function.Type], _ environment: Environment, believesPlatform: Bool = false) {
        self.endpoints = endpoints + Gateway.healthChecks
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
            return deliver(Answer(problem, requestID: UUID.v7().description))
        }
        handler.answer(request, delivery, deliver: deliver)
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

/// Serves several endpoints by the paths of their names, where a platform sends HTTP requests to one program.
public enum Gateway {
    /// The endpoints that answer beside those of a program.
    public static var healthChecks: [any Function.Type] { [Liveness.self, Readiness.self] }

    /// Serves until the platform stops the process, if a platform that sends HTTP requests started it.
    ///
    /// - Parameter endpoints: The endpoints.
    public static func serve(_ endpoints: [any Function.Type]) {
        let environment = Environment.current()
        if let address = environment["AWS_LAMBDA_RUNTIME_API"] {
            let router = Router(endpoints, environment, believesPlatform: true)
            LambdaLoop(LambdaRouter(router), address: address).serve()
        }
        WebServer.serve(environment) { Router(endpoints, environment) }
    }
}

/// The transports of web servers that start a process or connect to it.
enum WebServer {
    /// Serves with the transport of the web server that started the process; returns if none did.
    static func serve(_ environment: Environment, _ handler: () -> any RequestHandler) {
        let log = Log(level: .info, function: Process.name)
        if let socket = ListeningSocket(.standardInput) {
            FastCGIServer(socket, handler(), log: log).serve()
        } else if CGI.isUsed(environment) {
            CGI(handler(), environment, log: log).serve()
        }
    }
}
