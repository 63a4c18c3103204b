/// The Python interpreter for a script of `Tests/Support`, which decides which packages the script can use.
public enum PythonInterpreter: Sendable {
    /// The system's Python, with the standard library and Debian's packages.
    case system

    /// A Python with the third-party simulator of AI providers: `imitation.lock.txt`.
    case imitation

    /// A Python with the providers' own client libraries and that of Standard Webhooks: `clients.lock.txt`.
    case clients

    /// A Python with the AWS SDK: `cloud.lock.txt`.
    case cloud

    /// A Python with a generator of clients: `openapi-client.lock.txt`.
    case clientGenerator

    /// A Python with validators of Kubernetes manifests and of bills of materials: `manifests.lock.txt`.
    case manifests

    /// A Python with the messages of OpenTelemetry: `collector.lock.txt`.
    case collector

    /// The path of the interpreter.
    ///
    /// `scripts/setup test` installs those other than the system's.
    var program: String {
        switch self {
        case .system: "/usr/bin/python3"
        case .imitation: PythonServer.path(inPackage: ".build/python/imitation/bin/python")
        case .clients: PythonServer.path(inPackage: ".build/python/clients/bin/python")
        case .cloud: PythonServer.path(inPackage: ".build/python/cloud/bin/python")
        case .clientGenerator: PythonServer.path(inPackage: ".build/python/openapi-client/bin/python")
        case .manifests: PythonServer.path(inPackage: ".build/python/manifests/bin/python")
        case .collector: PythonServer.path(inPackage: ".build/python/collector/bin/python")
        }
    }
}
