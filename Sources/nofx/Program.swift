import FunctionRuntime
import System

/// One program with all endpoints, which finds out at start which of them it is to be.
///
/// In this order: the name that it was started by, as with a link `createTeam`; the first argument, unless a web
/// server started the process and the arguments are the caller's; the variables `NOFX_FUNCTION` and, on Lambda,
/// `_HANDLER`. If none names an endpoint and the platform sends HTTP requests, each request's path names one.
enum Program {
    private static let name = "nofx"

    static func main() {
        let environment = Environment.current()
        if let endpoint = Endpoints.named(Process.name) {
            endpoint.main()
        } else if !environment.isWebServers, let word = Process.arguments.first, !word.utf8.starts(with: "-".utf8) {
            start(word)
        } else if let word = environment["NOFX_FUNCTION"] {
            (Endpoints.named(word) ?? NoEndpoint.self).main(Command(name))
        } else if let endpoint = environment["_HANDLER"].flatMap(Endpoints.named) {
            endpoint.main(Command(name))
        } else {
            Gateway.serve(Endpoints.all)
            if environment.isWebServers { NoEndpoint.main() }
            explain(Process.arguments)
        }
    }

    private static func start(_ word: String) {
        if word == "describe", Process.arguments.count == 1 { Command.print(Description.ofAllEndpoints) }
        guard let endpoint = Endpoints.named(word) else {
            let advice = Endpoints.nearest(to: word).map { "did you mean \($0)? " } ?? ""
            Command("\(name):").fail("there is no endpoint '\(word)'; \(advice)See \(name) --help")
        }
        endpoint.main(Command("\(name) \(word)", nameArguments: 1))
    }

    private static func explain(_ arguments: [String]) -> Never {
        switch arguments {
        case ["--help"], ["-h"]: Command.print(help)
        case ["--version"]: Command.print(Version.text(of: name))
        case []:
            Command(name).fail("expects the name of an endpoint, as in: \(name) createTeam < event.json; see --help")
        default: Command(name).fail("takes the name of an endpoint, --help or --version")
        }
    }

    private static var help: String {
        """
        \(name): all endpoints in one program.

        Usage: \(name) ENDPOINT < event.json
               \(name) ENDPOINT --help
               \(name) describe

        A link to this program that has the name of an endpoint is that endpoint. Without a name, the variable
        NOFX_FUNCTION names the endpoint. describe prints the inputs and outputs of all endpoints as JSON.
        \(Subject.allCases.map(section).joined())
        """
    }

    private static func section(of subject: Subject) -> String {
        let endpoints = Endpoints.all.filter { $0.subject == subject }
        let width = Endpoints.all.map { $0.name.utf8.count }.max() ?? 0
        let lines = endpoints.map { endpoint in
            let gap = String(repeating: " ", count: width - endpoint.name.utf8.count)
            return "  \(endpoint.name)\(gap)  \(endpoint.summary)\n"
        }
        return "\n\(subject.rawValue):\n\(lines.joined())"
    }
}
