import TestSupport
import Testing

/// The help and the version of a function, without any configuration.
struct ArgumentTests {
    @Test(arguments: try Endpoints.all)
    func `every function prints its help`(name: String) throws {
        let outcome = try TestFunction(name, database: nil).run("", ["--help"])

        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("\(name): "))
        for part in ["Usage: \(name) < event.json", "Input:\n  ", "Output:\n  "] {
            #expect(outcome.output.contains(part))
        }
        #expect(outcome.errors.isEmpty)
        #expect(try TestFunction(name, database: nil).run("", ["-h"]).output == outcome.output)
    }

    @Test func `the help lists the input fields with their rules`() throws {
        let create = try TestFunction("createTeam", database: nil).run("", ["--help"]).output
        let list = try TestFunction("listTeams", database: nil).run("", ["--help"]).output

        for field in ["name", "slug", "billingEmail", "ownerId"] { #expect(create.contains("  \(field)")) }
        for field in ["limit", "cursor", "items", "nextCursor"] { #expect(list.contains("  \(field)")) }
    }

    @Test func `the help lists nested fields, and the inputs of each tool of a plan`() throws {
        let start = try TestFunction("startRun", database: nil).run("", ["--help"]).output
        let list = try TestFunction("listTeams", database: nil).run("", ["--help"]).output

        for line in [
            "    steps: array of object", "      tool: one of", "        tool wait:until:", "          until: ",
        ] {
            #expect(start.contains("\n\(line)"), "\(line)")
        }
        #expect(list.contains("\n    slug: "))
    }

    @Test(arguments: try Endpoints.all)
    func `every function prints its versions`(name: String) throws {
        let outcome = try TestFunction(name, database: nil).run("", ["--version"])
        let lines = outcome.output.split(separator: "\n").map { $0.split(separator: " ") }

        #expect(outcome.status == 0)
        #expect(lines.map { $0.first.map(String.init) } == [name, "libpq", "libcurl", "OpenSSL"])
        #expect(lines.allSatisfy { $0.count >= 2 && $0[1].contains(".") })
    }

    @Test(arguments: [
        ["--serve"], ["x"], [""], ["--help", "x"], ["--version", "--help"], ["-"], ["--"], [#"{"name":"Acme"}"#],
    ])
    func `other arguments are a usage error`(arguments: [String]) throws {
        let outcome = try TestFunction("createTeam", database: nil).run("", arguments)

        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("createTeam "))
    }

    @Test func `under a web server the arguments are ignored`() throws {
        let database = try TestDatabase.untouched()
        for arguments in [["--help"], ["--serve"], ["-h"]] {
            let web = ["GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST"]
            let outcome = try database.function("createTeam", environment: web).run("{}", arguments)
            #expect(outcome.status == 0)
            #expect(outcome.output.hasPrefix("Status: 401 Unauthorized\r\n"))
            #expect(outcome.output.contains(#""code":"unauthenticated""#))
        }
    }
}
