import Base
import TestSupport
import Testing

/// `NOFX_TOKEN` is a credential only on the command line.
struct TokenVariableTests {
    private let input = #"{"name":"Acme"}"#

    @Test func `NOFX_TOKEN authenticates a direct input on standard input`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let outcome = try database.function("createTeam", as: subject, environment: ["LOG_LEVEL": "warning"])
            .run(input)

        #expect(outcome.status == 0)
        #expect(try outcome.json()["ownerId"]?.string == subject)
        #expect(outcome.errors.isEmpty)
    }

    @Test(arguments: [
        "fprocess", "REQUEST_METHOD", "SERVER_PROTOCOL", "GATEWAY_INTERFACE", "HTTP_X", "HTTP_AUTHORIZATION", "Http_X",
        "Http_Method",
    ])
    func `NOFX_TOKEN is ignored with a warning if a web server started the process`(variable: String) throws {
        let database = try TestDatabase.untouched()
        let outcome = try database.function("createTeam", as: TestDatabase.newSubject(), environment: [variable: "x"])
            .run(input)

        try expectProblem(outcome, 401, "unauthenticated", exit: 77)
        #expect(try outcome.log("token_variable.ignored").count == 1)
        #expect(try database.rowCount() == 0)
    }

    @Test func `a variable that only resembles one of a web server has no effect`() throws {
        let database = try TestDatabase.untouched()
        let environment = ["http_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "x", "XHTTP_X": "x"]
        let outcome = try database.function("createTeam", as: TestDatabase.newSubject(), environment: environment)
            .run("{}")

        try expectProblem(outcome, 422, "validation_failed", exit: 65)
    }

    @Test func `NOFX_TOKEN does not authenticate an envelope or an HTTP event`() throws {
        let database = try TestDatabase.untouched()
        let function = try database.function("createTeam", as: TestDatabase.newSubject())

        try expectProblem(try function.run(Events.envelope(input)), 401, "unauthenticated", exit: 77)
        try expectProblem(try function.run(#"{"body":\#(input)}"#), 401, "unauthenticated", exit: 77)
        for event in Events.allHTTP(input) {
            #expect(try function.run(event).json()["statusCode"]?.integer == 401)
        }
        #expect(try database.rowCount() == 0)
    }

    @Test func `NOFX_TOKEN is not a second credential beside that of an envelope`() throws {
        let database = try TestDatabase()
        let (mine, another) = (TestDatabase.newSubject(), TestDatabase.newSubject())
        let event = Events.envelope(input, headers: ["authorization": "Bearer \(try TestFunction.token(for: another))"])
        let outcome = try database.function("createTeam", as: mine).run(event)

        #expect(try outcome.json()["ownerId"]?.string == another)
    }
}
