import Base
import TestSupport
import Testing

/// `nofx`, the program that contains all endpoints.
struct ProgramTests {
    private let path = "\(Subprocess.buildFolder)/nofx"

    private func run(
        _ arguments: [String],
        _ event: String = "",
        environment: [String: String] = [:]
    ) throws -> Subprocess.Outcome {
        try Subprocess(path, arguments, environment: environment).finish(Array(event.utf8))
    }

    @Test func `the help lists every endpoint once, under its subject`() throws {
        let outcome = try run(["--help"])
        let lines = outcome.output.split(separator: "\n")
        let listed = lines.filter { $0.hasPrefix("  ") }.compactMap { $0.split(separator: " ").first.map(String.init) }

        #expect(outcome.status == 0)
        #expect(try Endpoints.all.allSatisfy { name in listed.count { $0 == name } == 1 })
        for subject in ["Teams:", "API keys:", "Runs:", "Operation:"] { #expect(lines.contains { $0 == subject }) }
        #expect(try run(["-h"]).output == outcome.output)
    }

    @Test func `the version equals that of every endpoint`() throws {
        let one = try TestFunction("createTeam", database: nil).run("", ["--version"]).output
        let all = try run(["--version"])

        #expect(all.status == 0)
        #expect(all.output.dropFirst("nofx".count) == one.dropFirst("createTeam".count))
    }

    @Test func `an argument, a link or a variable selects the endpoint`() throws {
        let argument = try run(["getTeam", "--help"])
        let variable = try run(["--help"], environment: ["NOFX_FUNCTION": "getTeam"])
        let link = try TestFunction("getTeam", database: nil).run("", ["--help"])

        #expect(argument.status == 0)
        #expect(argument.output.contains("Usage: nofx getTeam < event.json"))
        #expect(variable.output.contains("Usage: nofx < event.json"))
        #expect(link.output.contains("Usage: getTeam < event.json"))
        // The name by which the program was started takes precedence.
        let both = TestFunction("getTeam", database: nil, environment: ["NOFX_FUNCTION": "createTeam"])
        #expect(try both.run("", ["--help"]).output == link.output)
        #expect(try run(["getTeam", "--help"], environment: ["NOFX_FUNCTION": "createTeam"]).output == argument.output)
    }

    @Test func `an endpoint in nofx answers like its own program`() throws {
        let database = try TestDatabase()
        let environment = [
            "DATABASE_URL": database.url, "NOFX_JWT_SECRET": TestFunction.secret,
            "NOFX_JWT_ISSUER": TestFunction.issuer, "NOFX_JWT_AUDIENCE": TestFunction.audience,
            "NOFX_TOKEN": Tokens.signed(),
        ]
        let event = #"{"name":"Acme"}"#

        #expect(try run(["createTeam"], event, environment: environment).json()["name"]?.string == "Acme")
        let chosen = environment.merging(["NOFX_FUNCTION": "createTeam"]) { $1 }
        #expect(try run([], event, environment: chosen).json()["name"]?.string == "Acme")
    }

    @Test(arguments: [
        ([], "expects the name of an endpoint"), (["creatTeam"], "did you mean createTeam?"),
        (["CREATETEAM"], "did you mean createTeam?"), (["nonsense"], "there is no endpoint 'nonsense'"),
        ([""], "there is no endpoint ''"), (["--serve"], "takes the name of an endpoint"),
        (["--help", "createTeam"], "takes the name of an endpoint"), (["createTeam", "x"], "takes no arguments but"),
    ])
    func `other arguments are a usage error`(arguments: [String], complaint: String) throws {
        let outcome = try run(arguments)

        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("nofx"))
        #expect(outcome.errors.contains(complaint), "\(outcome.errors)")
    }

    @Test func `a variable that names no endpoint is a configuration error`() throws {
        let outcome = try run([], "{}", environment: ["NOFX_FUNCTION": "creatTeam"])

        try expectProblem(outcome, 503, "misconfigured", exit: 78)
        #expect(try outcome.log().first?["variable"]?.string == "NOFX_FUNCTION")
    }

    @Test func `under a web server arguments select no endpoint`() throws {
        let web = ["GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST"]
        let none = try run(["createTeam"], "{}", environment: web)
        #expect(none.output.contains(#""code":"endpoint_not_found""#))

        let chosen = web.merging(["NOFX_FUNCTION": "migrate", "DATABASE_URL": "host=127.0.0.1 port=1 user=u"]) { $1 }
        #expect(try run(["createTeam"], "{}", environment: chosen).output.contains(#""code":"operator_only""#))

        let watchdog = ["fprocess": "nofx"]
        try expectProblem(try run(["createTeam"], "{}", environment: watchdog), 503, "misconfigured", exit: 78)
    }
}
