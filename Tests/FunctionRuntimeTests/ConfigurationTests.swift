import Base
import Core
import System
import TestSupport
import Testing

@testable import FunctionRuntime

struct ConfigurationTests {
    private static let good = [
        "DATABASE_URL": "host=db.test user=app password=hunter2hunter2", "NOFX_JWT_SECRET": TestFunction.secret,
        "NOFX_JWT_ISSUER": TestFunction.issuer, "NOFX_JWT_AUDIENCE": TestFunction.audience,
    ]

    @Test func `unset variables have defaults`() throws {
        let configuration = try Configuration(Environment(with: Self.good), access: .authenticated)

        #expect(configuration.timeout == .seconds(10))
        #expect(configuration.logLevel == .info)
        #expect(!configuration.trustsAuthorizer)
        #expect(configuration.verifier != nil)
    }

    @Test func `set variables are used`() throws {
        let environment = Environment(
            with: Self.good,
            ["NOFX_TIMEOUT_MS": "900000", "LOG_LEVEL": "WARNING", "NOFX_TRUST_AUTHORIZER": "1"]
        )
        let configuration = try Configuration(environment, access: .authenticated)

        #expect(configuration.timeout == .seconds(900))
        #expect(configuration.logLevel == .warning)
        #expect(configuration.trustsAuthorizer)
    }

    @Test func `an endpoint's default deadline can be changed`() throws {
        let usual = Duration.seconds(905)
        for (value, isAccepted) in [("905000", true), ("1", true), ("905001", false)] {
            let environment = Environment(with: Self.good, ["NOFX_TIMEOUT_MS": value])
            let configuration = try? Configuration(environment, access: .authenticated, usualTimeout: usual)
            #expect((configuration != nil) == isAccepted, "\(value)")
        }
    }

    @Test func `quotas and rates have defaults, and zero means no limit`() throws {
        let standard = try Configuration(Environment(with: Self.good), access: .authenticated).quotas
        #expect((standard.teams, standard.members, standard.invites) == (20, 100, 50))
        #expect(standard.writes == Rate(60, in: 60, burst: 20))
        #expect(standard.invitations == Rate(50, in: 86_400, burst: 50))
        #expect(standard.invitationsByUser == Rate(100, in: 86_400, burst: 100))
        #expect(standard.invitationsToAddress == Rate(10, in: 86_400, burst: 10))
        #expect(standard.reads == nil)

        let environment = Environment(
            with: Self.good,
            [
                "NOFX_MAX_TEAMS": "1", "NOFX_MAX_MEMBERS": "2", "NOFX_MAX_INVITES": "3", "NOFX_INVITES_PER_DAY": "0",
                "NOFX_WRITES_PER_MINUTE": "0", "NOFX_READS_PER_MINUTE": "600", "NOFX_READ_BURST": "7",
                "NOFX_MAX_QUEUED_STEPS_PER_TEAM": "8", "NOFX_MAX_QUEUED_STEPS": "9",
                "NOFX_MAX_STORED_BYTES_PER_TEAM": "10", "NOFX_MAX_WAITING_CALLS": "11",
                "NOFX_INVITES_PER_USER_PER_DAY": "4", "NOFX_INVITES_PER_ADDRESS_PER_DAY": "0",
            ]
        )
        let set = try Configuration(environment, access: .authenticated).quotas
        #expect((set.teams, set.members, set.invites) == (1, 2, 3))
        #expect((set.queuedStepsPerTeam, set.queuedSteps) == (8, 9))
        #expect((set.storedBytesPerTeam, set.waitingCallsPerUser) == (10, 11))
        #expect(set.writes == nil && set.invitations == nil)
        #expect(set.reads == Rate(600, in: 60, burst: 7))
        #expect(set.invitationsByUser == Rate(4, in: 86_400, burst: 4))
        #expect(set.invitationsToAddress == nil)
    }

    @Test(arguments: [
        ("NOFX_MAX_TEAMS", "0"), ("NOFX_MAX_MEMBERS", "many"), ("NOFX_WRITES_PER_MINUTE", "-1"),
        ("NOFX_MAX_STORED_BYTES_PER_TEAM", "0"), ("NOFX_MAX_WAITING_CALLS", "1001"),
        ("NOFX_MAX_QUEUED_STEPS_PER_TEAM", "0"), ("NOFX_MAX_QUEUED_STEPS", "-1"), ("NOFX_WRITE_BURST", "0"),
        ("NOFX_INVITES_PER_DAY", "1.5"), ("NOFX_INVITES_PER_USER_PER_DAY", "-1"),
        ("NOFX_INVITES_PER_ADDRESS_PER_DAY", "some"), ("NOFX_READS_PER_MINUTE", "1000001"),
    ])
    func `an invalid limit is rejected by name`(variable: String, value: String) {
        #expect(error(Self.good, [variable: value])?.variable == variable)
    }

    @Test func `budgets are decimal dollars to the billionth, and there is none by default`() throws {
        let set = ["NOFX_AI_DAILY_BUDGET_USD": "0.000000001", "NOFX_AI_MONTHLY_BUDGET_USD": "250"]
        let environment = Environment(with: Self.good, set)
        let budget = try Configuration(environment, access: .authenticated).quotas.aiBudget
        #expect(budget == Budget(daily: USDollars(rawValue: 1), monthly: USDollars("250")))
        #expect(try Configuration(Environment(with: Self.good), access: .authenticated).quotas.aiBudget == Budget())
        for name in set.keys {
            for value in ["-1", "1e3", "$5", "0.0000000001", "1000000001", "ten"] {
                let error = error(Self.good, [name: value])
                #expect(error?.variable == name)
                #expect(error?.rule == "must be decimal dollars, 0 to 1000000000 with at most 9 decimals")
            }
        }
    }

    @Test func `an operator function needs only a database`() throws {
        let environment = Environment(with: ["DATABASE_URL": "user=app"])

        #expect(try Configuration(environment, access: .operatorOnly).verifier == nil)
    }

    @Test(arguments: ["DATABASE_URL", "NOFX_JWT_ISSUER", "NOFX_JWT_AUDIENCE", "NOFX_JWT_SECRET"])
    func `a missing or empty required variable is reported by name`(variable: String) {
        for value in [nil, ""] {
            #expect(error(Self.good, [variable: value])?.variable == variable)
        }
    }

    @Test(arguments: [
        ("DATABASE_URL", "postgres://app:hunter2hunter2@[db.test"), ("DATABASE_URL", "nonsense-hunter2hunter2"),
        ("DATABASE_URL", "host=db.test hunter2hunter2=1 user=app"), ("NOFX_JWT_SECRET", "hunter2hunter2"),
        ("NOFX_JWKS", #"{"keys":[{"kty":"oct","k":"hunter2hunter2"}]}"#), ("NOFX_JWKS", "hunter2hunter2"),
        ("NOFX_JWKS", #"{"keys":[]}"#), ("NOFX_TIMEOUT_MS", "0"), ("NOFX_TIMEOUT_MS", "900001"),
        ("NOFX_TIMEOUT_MS", "1e3"), ("NOFX_TIMEOUT_MS", " 5"), ("NOFX_TIMEOUT_MS", "99999999999999999999"),
        ("LOG_LEVEL", "loud hunter2hunter2"), ("NOFX_TRUST_AUTHORIZER", "true hunter2hunter2"),
        ("NOFX_TRUST_AUTHORIZER", "yes"),
    ])
    func `an invalid value is reported by name and never repeated`(variable: String, value: String) {
        let error = error(Self.good, [variable: value])

        #expect(error?.variable == variable)
        #expect(error?.rule.isEmpty == false)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func `keys are inline or at a URL, and either may be combined with a secret`() throws {
        let url = "https://issuer.test/keys"
        let both = ["NOFX_JWKS_URL": url, "NOFX_JWKS": #"{"keys":[]}"#]
        let configuration = try Configuration(
            Environment(with: Self.good, ["NOFX_JWKS_URL": url]),
            access: .authenticated
        )

        #expect(configuration.keySetURL?.text == url)
        #expect(configuration.verifier != nil)
        #expect(error(Self.good, ["NOFX_JWKS_URL": url, "NOFX_JWT_SECRET": nil]) == nil)
        #expect(error(Self.good, both)?.variable == "NOFX_JWKS_URL")
        #expect(error(Self.good, ["NOFX_JWKS_URL": "http://hunter2.test"])?.variable == "NOFX_JWKS_URL")
        #expect(error(Self.good, ["NOFX_JWKS_URL": url, "NOFX_JWT_SECRET": "short"])?.variable == "NOFX_JWT_SECRET")
    }

    // Cases: teams 143
    @Test func `a secret of 31 bytes is too short`() {
        #expect(error(Self.good, ["NOFX_JWT_SECRET": String(repeating: "x", count: 31)])?.variable == "NOFX_JWT_SECRET")
        #expect(error(Self.good, ["NOFX_JWT_SECRET": String(repeating: "x", count: 32)]) == nil)
    }

    private func error(_ variables: [String: String], _ changes: [String: String?]) -> ConfigurationError? {
        do throws(ConfigurationError) {
            _ = try Configuration(Environment(with: variables, changes), access: .authenticated)
            return nil
        } catch {
            return error
        }
    }
}

extension Environment {
    /// An environment with changes: a value replaces a variable, nil removes it.
    init(with variables: [String: String], _ changes: [String: String?] = [:]) {
        let all = variables.merging(changes.compactMapValues(\.self)) { $1 }
        self.init(all.filter { name, _ in changes[name] != .some(nil) }.map { ($0.key, $0.value) })
    }
}
