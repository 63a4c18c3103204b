/// Which Python runs a script of `Tests/Support`, and so which packages it has.
public enum PythonInterpreter: Sendable {
    /// The machine's, with the standard library and what Debian has.
    case system

    /// The one with a third party's imitation of AI providers: `imitation.lock.txt`.
    case imitation

    /// The one with the providers' own clients and that of Standard Webhooks: `clients.lock.txt`.
    case clients

    /// What to start; `scripts/setup test` makes those that are not the machine's.
    var program: String {
        switch self {
        case .system: "/usr/bin/python3"
        case .imitation: PythonServer.path(inPackage: ".build/python/imitation/bin/python")
        case .clients: PythonServer.path(inPackage: ".build/python/clients/bin/python")
        }
    }
}
