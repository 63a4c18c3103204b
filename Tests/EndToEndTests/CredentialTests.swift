import Base
import Postgres
import TestSupport
import Testing

/// A call needs exactly one valid credential, however the credential is passed.
struct CredentialTests {
    private let input = #"{"name":"Acme"}"#

    // Cases: teams 132, 133
    @Test func `a forged token is rejected, however it is passed`() throws {
        let database = try TestDatabase.untouched()
        let key = try RSAKey.shared()
        let environment = ["NOFX_JWKS": key.keySet]
        for (what, token, code) in try Tokens.forgeries(publicKey: key) {
            let direct = try TestFunction(
                "createTeam",
                database: database.url,
                token: token,
                environment: environment
            ).run(input)
            try expectProblem(direct, 401, code, exit: 77)
            let gateway = try database.function("createTeam", environment: environment)
                .run(Events.v2(input, headers: ["authorization": "Bearer \(token)"]))
            let answer = try gateway.json()
            #expect(answer["statusCode"]?.integer == 401, "\(what)")
            #expect(answer["headers"]?["www-authenticate"]?.string == #"Bearer error="invalid_token""#, "\(what)")
            #expect(gateway.status == 0)
            for outcome in [direct, gateway] where token.utf8.count > 20 {
                let signature = token.suffix(20)
                #expect(!outcome.errors.contains(signature) && !outcome.output.contains(signature), "\(what)")
                #expect(try outcome.log("token.refused").count == 1, "\(what)")
            }
        }
        #expect(try database.rowCount() == 0)
    }

    // Cases: teams 133
    @Test func `the RSA key used as a secret is rejected without a configured secret`() throws {
        let key = try RSAKey.shared()
        let function = TestFunction(
            "createTeam",
            database: try TestDatabase.untouched().url,
            token: Tokens.signed(secret: key.pem),
            environment: ["NOFX_JWKS": key.keySet, "NOFX_JWT_SECRET": ""]
        )

        try expectProblem(try function.run(input), 401, "invalid_token", exit: 77)
    }

    // Cases: teams 138, 145
    @Test func `a valid token of either kind is accepted, with a minute of clock skew`() throws {
        let database = try TestDatabase()
        let key = try RSAKey.shared()
        let now = Timestamp.now().secondsSince1970
        for token in [
            Tokens.signed(), try key.token(header: #"{"alg":"RS256","kid":"rsa"}"#, claims: Tokens.claims()),
            try key.token(header: #"{"alg":"RS256"}"#, claims: Tokens.claims()),
            Tokens.signed(claims: Tokens.claims(["aud": #"["other","\#(TestFunction.audience)"]"#])),
            Tokens.signed(claims: Tokens.claims(["exp": "\(now - 30)", "iat": "\(now - 90)"])),
            Tokens.signed(claims: Tokens.claims(["nbf": "\(now + 30)"])),
            Tokens.signed(claims: Tokens.claims(["role": #""admin""#, "user_metadata": #"{"tenant_id":"x"}"#])),
        ] {
            let outcome = try TestFunction(
                "createTeam",
                database: database.url,
                token: token,
                environment: ["NOFX_JWKS": key.keySet]
            ).run(input)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(try outcome.json()["ownerId"]?.string == Tokens.subject)
        }
    }

    // Cases: teams 130
    @Test(arguments: [
        ("", "unauthenticated"), ("Bearer", "unauthenticated"), ("Bearer ", "unauthenticated"),
        ("Bearer null", "invalid_token"), ("Basic dXNlcjpwYXNz", "unauthenticated"), ("junk", "unauthenticated"),
    ])
    func `a header that is not a bearer token is rejected`(value: String, code: String) throws {
        let database = try TestDatabase.untouched()
        for event in [
            Events.envelope(input, headers: ["Authorization": value]),
            Events.v2(input, headers: ["authorization": value]),
        ] {
            let answer = try database.function("createTeam").run(event).json()
            let problem = try answer["body"].map { try JSONDocument(parsing: $0.stringBytes ?? []).root } ?? answer
            expectProblem(problem, 401, code)
        }
        #expect(try database.rowCount() == 0)
    }

    // Cases: teams 130
    @Test func `the scheme of the header is case-insensitive`() throws {
        let database = try TestDatabase()
        let event = Events.envelope(input, headers: ["AUTHORIZATION": "bearer \(Tokens.signed())"])

        #expect(try database.function("createTeam").run(event).status == 0)
    }

    // Cases: teams 130
    @Test func `two credentials are ambiguous, and a malformed API key is rejected`() throws {
        let database = try TestDatabase.untouched()
        let function = try database.function("createTeam")
        let bearer = "Bearer \(Tokens.signed())"
        func refusal(_ headers: String) throws -> Subprocess.Outcome {
            try function.run(#"{"headers":{\#(headers)},"body":\#(input)}"#)
        }

        for headers in [
            #""authorization":"\#(bearer)","x-api-key":"k""#,
            #""authorization":"\#(bearer)","Authorization":"\#(bearer)""#,
            #""x-api-key":"k","X-Api-Key":"k""#,
        ] {
            try expectProblem(try refusal(headers), 401, "ambiguous_credentials", exit: 77)
        }
        try expectProblem(try refusal(#""x-api-key":"nofx_1""#), 401, "invalid_api_key", exit: 77)
        #expect(try database.rowCount() == 0)
    }

    // Cases: teams 131
    @Test(arguments: try Endpoints.answeringWithProblems)
    func `every function requires a credential`(name: String) throws {
        let function = try TestDatabase.untouched().function(name)

        try expectProblem(try function.run("{}"), 401, "unauthenticated", exit: 77)
        try expectProblem(try function.run(Events.envelope("{}")), 401, "unauthenticated", exit: 77)
        #expect(try function.run(Events.v1("{}")).json()["statusCode"]?.integer == 401)
    }

    // Cases: teams 131, 147
    @Test(arguments: try Endpoints.answeringWithProblems)
    func `no function accepts an unsigned token, whatever the environment's name`(name: String) throws {
        let junk = ["test", "null", "a.b.c", Tokens.unsigned(header: #"{"alg":"none"}"#) + "."]
        for environment in [[:], ["NODE_ENV": "test", "APP_ENV": "development"]] {
            let function = try TestDatabase.untouched().function(name, environment: environment)
            for token in junk {
                let event = Events.envelope("{}", headers: ["authorization": "Bearer \(token)"])
                try expectProblem(try function.run(event), 401, "invalid_token", exit: 77)
            }
        }
    }

    // Cases: teams 146
    @Test func `a user id in the body has no effect`() throws {
        let database = try TestDatabase.untouched()
        let event = #"{"name":"Acme","userId":"\#(Tokens.subject)","role":"owner","authorization":"Bearer x"}"#

        try expectProblem(try database.function("createTeam").run(event), 401, "unauthenticated", exit: 77)
        try expectProblem(
            try database.function("createTeam", environment: ["NODE_ENV": "test", "APP_ENV": "dev"]).run(event),
            401,
            "unauthenticated",
            exit: 77
        )
        #expect(try database.rowCount() == 0)
    }

    // Cases: teams 24, 144
    @Test func `a disabled user is rejected`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        _ = try database.makeTeam(as: subject)
        try database.rows("UPDATE nofx.users SET disabled_at = now()")

        try expectProblem(
            try database.function("createTeam", as: subject).run(input),
            401,
            "invalid_token",
            exit: 77
        )
        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 1)
    }
}
