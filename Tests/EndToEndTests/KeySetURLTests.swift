import Base
import Postgres
import TestSupport
import Testing

/// Signing keys by URL, with one process per call, as with functions that scale to zero.
struct KeySetURLTests {
    private let input = #"{"name":"Acme"}"#

    @Test func `only the first process fetches the keys`() throws {
        let (database, key) = (try TestDatabase(), try SigningKey(.rs256, id: "one"))
        try KeyServer.run(key) { (issuer) throws in
            for _ in 0..<21 {
                let token = try key.token(for: TestDatabase.newSubject())
                let outcome = try database.function(asking: issuer, token).run(input)
                #expect(outcome.status == 0, "\(outcome)")
                #expect(outcome.errors.isEmpty)
            }
            #expect(try issuer.requests() == 1)
        }
    }

    @Test func `of 32 concurrent processes without keys one fetches them, and the others get Retry-After`() throws {
        let (database, key) = (try TestDatabase(), try SigningKey(.es256, id: "one"))
        try KeyServer.run(key) { (issuer) throws in
            let functions = try (0..<32).map { _ in
                try database.function(asking: issuer, key.token(for: TestDatabase.newSubject()))
            }
            let outcomes = try runConcurrently(32) { number, barrier in
                let process = try functions[number].start()
                barrier()
                return process.finish(Array(input.utf8))
            }

            #expect(try issuer.requests() == 1)
            #expect(outcomes.contains { $0.status == 0 })
            for outcome in outcomes where outcome.status != 0 {
                try expectProblem(outcome, 503, "keys_unavailable", exit: 75)
                #expect(try outcome.json()["retryAfter"]?.integer == 1)
            }
            for function in functions.prefix(2) { #expect(try function.run(input).status == 0) }
            #expect(try issuer.requests() == 1)
        }
    }

    @Test func `a hundred unknown key ids cost one request, and a new key is accepted afterwards`() throws {
        let database = try TestDatabase()
        let (old, new) = (try SigningKey(.rs256, id: "old"), try SigningKey(.es256, id: "new"))
        try KeyServer.run(old) { (issuer) throws in
            #expect(try database.function(asking: issuer, old.token(for: Tokens.subject)).run(input).status == 0)
            try issuer.publish(new)
            try database.forgetAttempt()

            let url = issuer.url
            let codes = try runConcurrently(4) { number, barrier in
                var codes: [Int?] = []
                try LambdaPlatform.run({ database.function("createTeam", on: $0, ["NOFX_JWKS_URL": url]) }) { lambda in
                    barrier()
                    for event in 0..<25 {
                        let header = #"{"alg":"ES256","kid":"\#(number) \#(event)"}"#
                        let headers = ["authorization": "Bearer \(Tokens.unsigned(header: header)).AAAA"]
                        try lambda.send(Events.v2(input, headers: headers))
                    }
                    codes = try lambda.results(25).map { try $0.answer()["statusCode"]?.integer }
                }
                return codes
            }
            #expect(codes.flatMap(\.self) == Array(repeating: 401, count: 100))
            #expect(try issuer.requests() == 2)

            #expect(try database.function(asking: issuer, new.token(for: Tokens.subject)).run(input).status == 0)
            // A key that the issuer has withdrawn is rejected.
            let taken = try database.function(asking: issuer, old.token(for: Tokens.subject)).run(input)
            try expectProblem(taken, 401, "invalid_token", exit: 77)
            #expect(try issuer.requests() == 2)
        }
    }

    @Test(arguments: KeyServer.Mode.allCases.filter { $0 != .serve })
    func `an issuer outage does not affect known keys`(mode: KeyServer.Mode) throws {
        let (database, key) = (try TestDatabase(), try SigningKey(.es256, id: "one"))
        try KeyServer.run(key) { (issuer) throws in
            let function = try database.function(asking: issuer, key.token(for: Tokens.subject))
            #expect(try function.run(input).status == 0)
            try issuer.answer(mode)
            try database.ageKeys()

            let outcome = try function.run(input)
            #expect(outcome.status == 0)
            #expect(try outcome.log("keys.fetch_failed").count == 1)
            #expect(try function.run(input).errors.isEmpty)
            // A redirect is not followed either.
            #expect(try issuer.requests() == 2)
        }
    }

    @Test func `without keys from the issuer all tokens are rejected, with one request a minute`() throws {
        let (database, key) = (try TestDatabase(), try SigningKey(.es256, id: "one"))
        try KeyServer.run(key) { (issuer) throws in
            try issuer.answer(.fail)
            let function = try database.function(asking: issuer, key.token(for: Tokens.subject))
            for _ in 0..<3 { try expectProblem(try function.run(input), 503, "keys_unavailable", exit: 75) }
            #expect(try issuer.requests() == 1)

            try issuer.answer(.serve)
            try database.forgetAttempt()
            #expect(try function.run(input).status == 0)
            #expect(try issuer.requests() == 2)
        }
    }

    // Cases: teams 141
    @Test func `a malformed token causes neither a request nor a database connection`() throws {
        let database = "host=127.0.0.1 port=1 user=nobody"
        let kid = #""kid":"one""#
        try KeyServer.run(SigningKey(.es256, id: "one")) { (issuer) throws in
            for token in [
                "junk", "..", "a.b.c", String(repeating: "x", count: 9_000),
                Tokens.unsigned(header: #"{"alg":"none"}"#) + ".",
                Tokens.unsigned(header: #"{"alg":"RS512",\#(kid)}"#) + ".AAAA",
                Tokens.unsigned(header: #"{"alg":"ES256",\#(kid),"crit":["x"]}"#) + ".AAAA",
                Tokens.unsigned(header: #"{"alg":"ES256",\#(kid),"jku":"\#(issuer.url)"}"#) + ".AAAA",
                Tokens.unsigned(header: #"{"alg":"ES256","kid":1}"#) + ".AAAA",
                Tokens.unsigned(header: #"{"alg":"ES256",\#(kid)}"#) + ".*",
                Tokens.signed(secret: "another secret of the tests, of 32 bytes"),
                Tokens.signed(header: #"{"alg":"HS256",\#(kid)}"#),
            ] {
                let environment = ["NOFX_JWKS_URL": issuer.url]
                for more in [[:], ["NOFX_JWT_SECRET": ""]] {
                    let function = TestFunction(
                        "createTeam",
                        database: database,
                        token: token,
                        environment: environment.merging(more) { $1 }
                    )
                    try expectProblem(try function.run(input), 401, "invalid_token", exit: 77)
                }
            }
            #expect(try issuer.connections() == 0)
        }
    }

    @Test func `a token signed with the secret needs no key set`() throws {
        let database = try TestDatabase()
        try KeyServer.run(SigningKey(.es256, id: "one")) { (issuer) throws in
            #expect(try database.function(asking: issuer, Tokens.signed()).run(input).status == 0)
            #expect(try issuer.connections() == 0)
            #expect(try database.value("SELECT count(*) FROM nofx.key_sets", as: Int.self) == 0)
        }
    }

    @Test func `without a database a call with a valid token is 503`() throws {
        let key = try SigningKey(.es256, id: "one")
        try KeyServer.run(key) { (issuer) throws in
            let function = TestFunction(
                "createTeam",
                database: "host=127.0.0.1 port=1 user=nobody",
                token: try key.token(for: Tokens.subject),
                environment: ["NOFX_JWKS_URL": issuer.url]
            )

            try expectProblem(try function.run(input), 503, "unavailable", exit: 75)
            #expect(try issuer.connections() == 0)
        }
    }

    @Test func `an issuer with a private authority is accepted if SSL_CERT_FILE names the authority`() throws {
        let (database, key) = (try TestDatabase(), try SigningKey(.es256, id: "one"))
        try KeyServer.run(key, isSecure: true) { (issuer) throws in
            let token = try key.token(for: Tokens.subject)
            let stranger = try database.function(asking: issuer, token).run(input)
            try expectProblem(stranger, 503, "keys_unavailable", exit: 75)
            #expect(try stranger.log("keys.fetch_failed").first?["reason"]?.string == "tls")
            #expect(try issuer.requests() == 0)

            try database.forgetAttempt()
            let trusting = try database.function(asking: issuer, token, ["SSL_CERT_FILE": issuer.authority ?? ""])
            #expect(try trusting.run(input).status == 0)
            #expect(try issuer.requests() == 1)
        }
    }

    @Test func `a process in Lambda keeps the keys between calls`() throws {
        let (database, key) = (try TestDatabase(), try SigningKey(.rs256, id: "one"))
        try KeyServer.run(key) { (issuer) throws in
            let team = try database.makeTeam(as: Tokens.subject)
            let headers = ["authorization": "Bearer \(try key.token(for: Tokens.subject))"]
            let event = Events.v2(#"{"teamId":"\#(team)"}"#, headers: headers)
            try LambdaPlatform.run({ database.function("getTeam", on: $0, ["NOFX_JWKS_URL": issuer.url]) }) { lambda in
                try lambda.send(event)
                #expect(try lambda.results(1)[0].answer()["statusCode"]?.integer == 200)
                // Another process would not find the keys now.
                try database.rows("DELETE FROM nofx.key_sets")
                for _ in 0..<20 { try lambda.send(event) }
                let codes = try lambda.results(21).map { try $0.answer()["statusCode"]?.integer }
                #expect(codes.allSatisfy { $0 == 200 }, "\(codes)")
            }
            #expect(try issuer.requests() == 1)
            #expect(try database.value("SELECT count(*) FROM nofx.key_sets", as: Int.self) == 0)
        }
    }
}

extension TestDatabase {
    /// A `createTeam` function with an issuer's key URL and a caller's token.
    fileprivate func function(
        asking issuer: KeyServer,
        _ token: String,
        _ environment: [String: String] = [:]
    ) throws -> TestFunction {
        TestFunction(
            "createTeam",
            database: url,
            token: token,
            environment: ["LOG_LEVEL": "warning"].merging(environment) { $1 }
                .merging(["NOFX_JWKS_URL": issuer.url]) { $1 }
        )
    }

    /// Moves the last fetch a minute into the past, so that the issuer may be asked again.
    fileprivate func forgetAttempt() throws {
        try rows("UPDATE nofx.key_sets SET tried_at = tried_at - interval '1 minute'")
    }

    /// Makes the keys older than their validity without a new fetch.
    fileprivate func ageKeys() throws {
        try rows(
            """
            UPDATE nofx.key_sets
            SET fetched_at = fetched_at - interval '1 hour', tried_at = tried_at - interval '1 hour'
            """
        )
    }
}
