import Base
import System

/// The transports of platforms that keep a process or start one for each request.
///
/// The environment and the open descriptors select one. The contents of an event and the arguments, which a web caller
/// may choose, cannot change it.
enum Transport {
    /// Serves with the platform's transport until the platform stops the process; returns if no platform started it.
    ///
    /// - Parameters:
    ///   - environment: The variables.
    ///   - handler: Makes the handler, given whether the platform may vouch for callers.
    static func serve(_ environment: Environment, _ handler: (_ believesPlatform: Bool) -> any RequestHandler) {
        // A client or a web server may close its end before it has the answer.
        Process.ignoreBrokenPipes()
        Process.exitOnTermination()
        // The order matters: a Lambda function may carry every variable in its own configuration.
        if let address = environment["AWS_LAMBDA_RUNTIME_API"] {
            do throws(ConfigurationError) {
                try SecretReferences.resolve(environment)
            } catch {
                LambdaLoop.fail(error, address: address)
            }
            LambdaLoop(handler(true), address: address).serve()
        }
        if ActionLoop.isUsed(environment) {
            ActionLoop(handler(false), environment).serve()
        }
        if let socket = ListeningSocket(.standardInput) {
            // While a web server drains, its clients are to come back through other servers.
            let drains = environment["NOFX_CLOSE_CONNECTIONS"] == "1"
            FastCGIServer(socket, handler(false), closesConnections: drains).serve()
        }
        if let convention = MetaVariables.Convention(environment) {
            ProcessPerRequest(handler(false), environment, convention).serve()
        }
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
        Transport.serve(environment) { Router(endpoints, environment, believesPlatform: $0) }
    }
}
