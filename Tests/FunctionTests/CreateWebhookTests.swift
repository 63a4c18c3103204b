import Base
import Core
import Postgres
import System
import TestSupport
import Testing

@testable import Teams
@testable import Notifications
@testable import nofx

@Suite struct CreateWebhookTests {
    private let owner = Caller.stranger()

    @Test func `a webhook is returned with a secret that is derived from its id and not stored`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        let webhook = try database.webhook(of: team, by: owner)

        #expect(webhook.url == "https://hooks.example/secret/path?token=hunter2")
        #expect(webhook.events == [.runSucceeded, .runFailed, .runCancelled, .gateCreated])
        let secret = webhook.secret.reveal()
        let bytes = try #require(Base64.decode(Array(secret.utf8.dropFirst(6))))
        #expect(secret.hasPrefix("whsec_") && bytes.count == 32)
        #expect(try database.countOfTables(with: String(secret.dropFirst(6))) == 0)
        let derived: Bool = try database.value(
            """
            SELECT \(bytes) = sha256(\([UInt8](repeating: UInt8(ascii: "k") ^ 0x5C, count: 32)) ||
                                     decode(repeat('5c', 32), 'hex') ||
                              sha256(\([UInt8](repeating: UInt8(ascii: "k") ^ 0x36, count: 32)) ||
                                     decode(repeat('36', 32), 'hex') || \(Array("webhook:\(webhook.id)".utf8))))
            """
        )
        #expect(derived)
        let other = try database.webhook(of: team, by: owner)
        #expect(other.id != webhook.id && other.secret.reveal() != secret)
    }

    @Test func `the team's activity records the webhook without its path, which may be a secret`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        let webhook = try database.webhook(of: team, by: owner, events: #"["gate.created"]"#)
        let entry = try #require(database.activity(of: team.id).last)
        #expect(entry.action == "webhook.created" && entry.actor == owner.user && entry.resource == "\(webhook.id)")
        #expect(
            entry.metadata
                == #"{"events": ["gate.created"], "origin": "https://hooks.example", "webhookId": "\#(webhook.id)"}"#
        )
    }

    @Test func `managers of the team create webhooks, and other members may not`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        func refusal(_ caller: Caller?) -> String? {
            database.refusal(of: CreateTestWebhook.self, team.webhook(), as: caller)
        }
        for (role, permissions, expected) in [
            (.admin, nil, nil), (.member, [.read, .admin], nil), (.member, nil, "403 forbidden"),
            (.viewer, nil, "403 forbidden"), (.admin, [.read, .write], "403 forbidden"),
        ] as [(Role, [Permission]?, String?)] {
            #expect(refusal(try database.member(of: team, as: role, permissions: permissions)) == expected)
        }
        #expect(refusal(.stranger()) == "404 team_not_found")
        #expect(refusal(nil) == "401 unauthenticated")
        #expect(refusal(owner.key(scopes: [.admin])) == nil)
        #expect(refusal(owner.key(scopes: [.read, .write, .delete])) == "403 insufficient_scope")
        #expect(refusal(owner.key(scopes: [.admin], team: try database.team(of: owner))) == "404 team_not_found")
    }

    @Test func `32 concurrent calls create ten webhooks, and the quota is named`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        let outcomes = database.race(CreateTestWebhook.self, (0..<32).map { _ in (owner, team.webhook()) })
        #expect(outcomes.tally() == ["ok": 10, "403 quota_exceeded": 22])
        #expect(try database.value("SELECT count(*) FROM nofx.webhooks") == 10)
        let problem = #expect(throws: Problem.self) { try database.webhook(of: team, by: owner) }
        #expect(problem?.members["quota"] == "webhooks")
    }

    @Test(arguments: [
        "https://hooks.example", "https://hooks.example:8443/a/b?c=d%20e", "https://192.0.2.1/", "http://localhost:1/",
        "https://[2001:db8::1]:443/x", "https://a_b.example./", "https://xn--bcher-kva.example/",
        "https://h/" + String(repeating: "a", count: 2_038),
    ])
    func `any valid URL is accepted`(_ url: String) throws {
        let database = try TestDatabase()
        #expect(try database.webhook(url, of: database.team(of: owner), by: owner).url == url)
    }

    @Test(arguments: [
        "", "hooks.example", "//hooks.example/", "ftp://hooks.example/", "HTTPS://hooks.example/",
        "https:/hooks.example",
        "https://", "https:///path", "https://:443/", "https://?x", "https://user@hooks.example/",
        "https://user:password@hooks.example/", "https://hooks.example/#fragment", "https://hooks.example#",
        "https://hooks.example:0/", "https://hooks.example:65536/", "https://hooks.example:80a/", "https://h:/",
        "https://hooks.example:1:2/", "https://[::1", "https://[::1]x/", "https://[g::1]/", "https://a b/",
        "https://hooks.example/\u{0}", "https://hooks.example/\n", "https://hooks.example/ä", "https://hö.example/",
        "https://hooks.example\\@evil.example/", "https://evil.example%2f/",
        "https://h/" + String(repeating: "a", count: 2_039),
    ])
    func `an invalid or ambiguous URL is rejected`(_ url: String) throws {
        let problem = #expect(throws: Problem.self) {
            let database = try TestDatabase()
            return try database.webhook(url, of: database.team(of: owner), by: owner)
        }
        #expect(problem?.violations.map(\.field) == ["url"] || problem?.code == "malformed_json")
    }

    @Test(arguments: [
        "[]", #"["run.succeeded","run.succeeded"]"#, #"["run.exploded"]"#, #"["RUN.SUCCEEDED"]"#, #""run.failed""#,
        "[1]",
    ])
    func `unknown events are rejected`(_ events: String) throws {
        let problem = #expect(throws: Problem.self) {
            let database = try TestDatabase()
            return try database.webhook(of: database.team(of: owner), by: owner, events: events)
        }
        #expect(problem?.violations.isEmpty == false)
    }

    @Test func `an http URL is accepted if the operator allows it`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        let key = ("NOFX_WEBHOOK_KEY", String(repeating: "k", count: 32))
        for (value, isAllowed) in [(nil, false), ("0", false), ("1", true)] as [(String?, Bool)] {
            let policy = try WebhookPolicy(Environment([key] + (value.map { [("NOFX_WEBHOOK_ALLOW_HTTP", $0)] } ?? [])))
            for (url, expected) in [("http://hooks.example/", isAllowed), ("https://hooks.example/", true)] {
                let draft = try NewWebhook.Draft(input: JSONDocument(parsing: Array(team.webhook(url).utf8)).root)
                var context = try database.context(for: owner)
                let isMade = (try? NewWebhook.create(draft, by: policy, in: &context)) != nil
                #expect(isMade == expected, "\(url) \(value ?? "-")")
            }
        }
    }

    @Test(arguments: [nil, "", "short", String(repeating: "k", count: 31)] as [String?])
    func `without a key of 32 bytes the function reports a misconfiguration`(_ key: String?) {
        let environment = Environment(key.map { [("NOFX_WEBHOOK_KEY", $0)] } ?? [])
        let error = #expect(throws: ConfigurationError.self) { try CreateWebhook.checkConfiguration(environment) }
        #expect(error?.variable == "NOFX_WEBHOOK_KEY")
        if let key, !key.isEmpty { #expect(error?.description.contains(key) == false) }
    }

    @Test func `printing or dumping a secret does not show it`() throws {
        let key = try WebhookKey.required(CreateTestWebhook.environment)
        let secret = key.secret(of: .make())
        #expect("\(secret)" == "[redacted]")
        for text in ["\(secret)", String(reflecting: secret), "\(key)", String(reflecting: key)] {
            #expect(!text.contains(secret.text.dropFirst(6)) && !text.contains("kkkk"), "\(text)")
        }
    }

    /// The example of the specification's own test suite.
    @Test func `a signature equals that of Standard Webhooks`() throws {
        let bytes = try #require(Base64.decode(Array("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".utf8)))
        let signature = WebhookSecret(bytes).signature(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: "1614265330",
            body: Array(#"{"test": 2432232314}"#.utf8)
        )
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }
}
