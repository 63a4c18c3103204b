import Base
import Postgres
import TestSupport
import Testing

/// Standard streams that are closed, full, slow or not streams.
struct StreamTests {
    private let input = #"{"name":"Acme"}"#

    // Cases: teams 156; faas 91
    @Test func `a closed standard input is an empty input`() throws {
        let outcome = try TestDatabase.untouched().function("createTeam").run(redirecting: "<&-")

        try expectProblem(outcome, 400, "malformed_json", exit: 65)
    }

    // Cases: faas 92
    @Test func `a directory as standard input is a read error`() throws {
        let outcome = try TestDatabase.untouched().function("createTeam").run(redirecting: "</")

        #expect(outcome.status == 74)
        #expect(outcome.output.isEmpty)
        #expect(try outcome.log("input.failed").count == 1)
    }

    // Cases: teams 156; faas 93
    @Test func `a closed standard output is a write error, and no other descriptor gets the answer`() throws {
        let database = try TestDatabase()
        let outcome = try database.function("createTeam", as: Tokens.subject).run(input, redirecting: ">&-")

        #expect(outcome.status == 74)
        // If the database connection had become standard output, the answer would have broken it before the commit.
        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 1)
        #expect(try outcome.log().allSatisfy { $0["level"]?.string != "error" })
    }

    @Test func `with all three streams closed the process still ends`() throws {
        let database = try TestDatabase.untouched()
        let outcome = try database.function("createTeam").run(redirecting: "<&- >&- 2>&-")

        #expect(outcome.status == 74)
        #expect(outcome.output.isEmpty && outcome.errors.isEmpty)
    }

    // Cases: faas 94
    @Test(arguments: ["{}", #"{"name":"Acme"}"#])
    func `a full device as standard output is a write error`(input: String) throws {
        let database = try TestDatabase()
        let outcome = try database.function("createTeam", as: Tokens.subject).run(input, redirecting: ">/dev/full")

        #expect(outcome.status == 74)
        #expect(try outcome.log("output.failed").count == 1)
    }

    @Test func `a full device as standard error has no effect`() throws {
        let outcome = try TestDatabase.untouched().function("createTeam", as: "x").run("{}", redirecting: "2>/dev/full")

        try expectProblem(outcome, 422, "validation_failed", exit: 65)
    }

    // Cases: teams 156; faas 95
    @Test func `a closed reader is a write error and does not kill the process`() throws {
        let database = try TestDatabase.untouched()
        let outcome = try database.function("createTeam").start().finish(Array(input.utf8), readsOutput: false)

        #expect(outcome.status == 74)
        #expect(try outcome.log("output.failed").count == 1)
    }

    // Cases: faas 96
    @Test func `the process waits for a slow input`() throws {
        let database = try TestDatabase()
        let process = try database.function("createTeam", as: Tokens.subject).start()
        for byte in input.utf8.dropLast() { process.feed([byte]) }
        let outcome = process.finish([UInt8(ascii: "}")])

        #expect(outcome.status == 0)
        #expect(try outcome.json()["name"]?.string == "Acme")
    }

    // Cases: faas 97
    @Test(arguments: ["", "{", #"{"name":"Acme"}"#])
    func `the process waits for an endless input until the deadline`(input: String) throws {
        let database = try TestDatabase.untouched()
        let function = try database.function("createTeam", as: Tokens.subject, environment: ["NOFX_TIMEOUT_MS": "300"])
        let outcome = try function.start().finish(Array(input.utf8), endsInput: false)

        try expectProblem(outcome, 503, "timeout", exit: 75)
        #expect(try database.rowCount() == 0)
    }

    // Cases: faas 98
    @Test func `SIGTERM ends a process that waits for its input`() throws {
        let process = try TestDatabase.untouched().function("createTeam").start()
        process.feed(Array("{".utf8))
        process.signal(15)
        let outcome = process.finish(endsInput: false)

        #expect(outcome.status == 128 + 15)
        #expect(outcome.output.isEmpty)
    }
}
