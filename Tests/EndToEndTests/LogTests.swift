import Base
import Postgres
import TestSupport
import Testing

/// Standard error has one JSON object per line, at the configured level, and never a secret.
struct LogTests {
    private let input = #"{"name":"Acme"}"#

    @Test func `a log level hides less important lines`() throws {
        let database = try TestDatabase()
        let team = try database.makeTeam(as: TestDatabase.newSubject())
        func levels(_ level: String) throws -> Set<String?> {
            let outcome = try database.function("deleteTeam", as: Tokens.subject, environment: ["LOG_LEVEL": level])
                .run(#"{"teamId":"\#(team)"}"#)
            try expectProblem(outcome, 404, "team_not_found", exit: 66)
            return Set(try outcome.log().map { $0["level"]?.string })
        }

        for level in ["debug", "info", "warning", "WARNING"] { #expect(try levels(level).contains("warning")) }
        #expect(try levels("error").isEmpty)
    }

    @Test func `a call ends with one line that has its use of the database`() throws {
        let outcome = try TestDatabase().function("createTeam", as: TestDatabase.newSubject()).run(input)
        let lines = try outcome.log("call.ended")
        #expect(lines.count == 1 && lines[0]["status"]?.integer == 201 && lines[0]["code"]?.isNull == true)
        #expect(lines[0]["roundTrips"]?.integer == 1, "\(outcome)")
        let (duration, database) = (lines[0]["durationMs"]?.double ?? 0, lines[0]["databaseMs"]?.double ?? 0)
        #expect(database > 0 && duration >= database)
    }

    @Test func `a terminal shows no lines of normal operation, unless they are asked for`() throws {
        let function = try TestDatabase().function("createTeam", as: TestDatabase.newSubject())
        for (level, isShown) in [("", false), ("info", true)] {
            var environment = function.environment
            environment["PATH"] = "/usr/bin:/bin"
            if !level.isEmpty { environment["LOG_LEVEL"] = level }
            // The program `script` runs a command in a terminal.
            let command = "echo '\(input)' | '\(TestFunction.path(of: "createTeam"))'"
            let outcome = try Subprocess("script", ["-qec", command, "/dev/null"], environment: environment).finish()
            #expect(outcome.output.contains(#""name":"Acme""#), "\(outcome)")
            #expect(outcome.output.contains("call.ended") == isShown, "\(outcome)")
        }
    }

    @Test func `a log level also hides the warning about an ignored token`() throws {
        let environment = ["REQUEST_METHOD": "POST", "LOG_LEVEL": "error"]
        let outcome = try TestDatabase.untouched().function("createTeam", as: "x", environment: environment).run(input)

        #expect(outcome.errors.isEmpty)
    }

    @Test func `every line of a call has the trace id and the request id`() throws {
        let database = try TestDatabase()
        let headers = [
            "authorization": "Bearer \(Tokens.signed())",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ]
        let body = #"{"teamId":"\#(UUID.v7())"}"#
        let lines = try database.function("getTeam").run(Events.v2(body, headers: headers)).log()

        #expect(lines.contains { $0["message"]?.string == "authz.denied" })
        for line in lines {
            #expect(line["traceId"]?.string == "0af7651916cd43dd8448eb211c80319c")
            #expect(line["requestId"]?.string == "JKJaXmPLvHcESHA=")
            #expect(line["function"]?.string == "getTeam")
        }
    }

    @Test func `no token or secret is logged at any level`() throws {
        let database = try TestDatabase()
        let key = try RSAKey.shared()
        let good = Tokens.signed()
        let expired = Tokens.signed(claims: Tokens.claims(["iat": nil, "exp": "1"]))
        for token in [
            good, expired, good + "AAAA", try key.token(header: #"{"alg":"RS256"}"#, claims: Tokens.claims()),
        ] {
            for input in [input, "{", "{}", #"{"name":"\#(token)"}"#] {
                let environment = ["LOG_LEVEL": "debug"]
                let direct = try TestFunction(
                    "createTeam",
                    database: database.url,
                    token: token,
                    environment: environment
                ).run(input)
                let gateway = try database.function("createTeam", environment: environment)
                    .run(Events.v2(input, headers: ["authorization": "Bearer \(token)", "x-api-key": token]))
                for outcome in [direct, gateway] {
                    #expect(!outcome.errors.contains(token.suffix(24)))
                    #expect(!outcome.errors.contains(token.prefix(60)))
                    #expect(!outcome.errors.contains(TestFunction.secret))
                }
            }
        }
    }
}
