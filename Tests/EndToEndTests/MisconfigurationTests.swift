import Base
import TestSupport
import Testing

/// An invalid environment is reported to the operator and not to callers.
struct MisconfigurationTests {
    private static let database = "host=127.0.0.1 port=1 user=app"
    private static let weakKeys = [
        #"{"keys":[{"kty":"oct","k":"hunter2"}]}"#,
        #"{"keys":[{"kty":"RSA","n":"\#(String(repeating: "A", count: 171))","e":"AQAB"}]}"#, #"{"keys":[]}"#,
        "hunter2",
    ]

    private static let cases: [(variable: String, value: String)] =
        [
            ("DATABASE_URL", ""), ("DATABASE_URL", "hunter2"), ("DATABASE_URL", "postgres://u:hunter2@h:notaport/x"),
            ("DATABASE_URL", "host=127.0.0.1 password=hunter2"), ("NOFX_JWT_SECRET", ""),
            ("NOFX_JWT_SECRET", "hunter2 is much too short"), ("NOFX_JWT_ISSUER", ""), ("NOFX_JWT_AUDIENCE", ""),
            ("NOFX_TIMEOUT_MS", "hunter2"), ("NOFX_TIMEOUT_MS", "-1"), ("LOG_LEVEL", "hunter2"),
            ("NOFX_TRUST_AUTHORIZER", "hunter2"),
        ] + weakKeys.map { ("NOFX_JWKS", $0) }
        + ["hunter2", "http://hunter2.test/keys", "https://hunter2@issuer.test/keys", "file:///hunter2"].map {
            ("NOFX_JWKS_URL", $0)
        }

    // Cases: teams 143
    @Test(arguments: cases)
    func `the variable is named on standard error only, without its value`(variable: String, value: String) throws {
        let function = TestFunction("createTeam", database: Self.database, environment: [variable: value])
        let outcome = try function.run(#"{"name":"Acme"}"#)

        try expectProblem(outcome, 503, "misconfigured", exit: 78)
        #expect(!outcome.output.contains(variable))
        let lines = try outcome.log("configuration.invalid")
        #expect(lines.count == 1)
        #expect(lines.first?["variable"]?.string == variable)
        #expect(lines.first?["rule"]?.string?.isEmpty == false)
        #expect(!outcome.errors.contains("hunter2"))
    }

    @Test func `on a terminal the error is a sentence, and the answer is omitted`() throws {
        let program = TestFunction.path(of: "createTeam")
        let outcome = try Subprocess("script", ["-qec", "\"$P\" </dev/null", "/dev/null"], environment: ["P": program])
            .finish()

        #expect(outcome.status == 78)
        #expect(outcome.output == "createTeam is not configured correctly. DATABASE_URL: must be set.\r\n")
    }

    @Test func `the input is still read to its end`() throws {
        let function = TestFunction("createTeam", database: nil)
        let outcome = try function.run(bytes: [UInt8](repeating: UInt8(ascii: " "), count: 20 << 20))

        try expectProblem(outcome, 503, "misconfigured", exit: 78)
        #expect(outcome.unsent == 0)
    }

    @Test func `an operator function needs no key`() throws {
        let none = ["NOFX_JWT_SECRET": "", "NOFX_JWT_ISSUER": "", "NOFX_JWT_AUDIENCE": ""]
        let outcome = try TestFunction("migrate", database: Self.database, environment: none).run("{}")

        try expectProblem(outcome, 503, "unavailable", exit: 75)
    }
}
