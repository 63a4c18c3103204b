import Base
import Postgres
import TestSupport
import Testing

/// Webhooks, with real processes that create and deliver them.
struct WebhookTests {
    private let database: TestDatabase
    private let owner = TestDatabase.newSubject()
    private let team: String

    init() throws {
        database = try TestDatabase()
        team = try database.makeTeam(as: owner)
    }

    private func createWebhook(_ url: String, _ environment: [String: String] = [:]) throws -> Subprocess.Outcome {
        let token = try TestFunction.token(for: owner)
        return try TestFunction("createWebhook", database: database.url, environment: environment).run(
            """
            {"headers":{"authorization":"Bearer \(token)","idempotency-key":"once"},"body":{"teamId":"\(team)","url":"\(url)"}}
            """
        )
    }

    @Test func `a webhook receives an event, and its secret appears once and in no log or table`() throws {
        try WebhookReceiver.run { receiver in
            let url = receiver.url("/200/a")
            let made = try createWebhook(url, ["NOFX_WEBHOOK_ALLOW_HTTP": "1"])
            let secret = try #require(try made.json()["secret"]?.string)
            #expect(made.status == 0)
            try receiver.expect(secret, on: "/200/a")
            let again = try createWebhook(url, ["NOFX_WEBHOOK_ALLOW_HTTP": "1"])
            #expect(try again.json()["id"]?.string == made.json()["id"]?.string)
            #expect(try again.json()["secret"]?.isNull == true)

            let run = UUID.v7()
            try database.rows(
                """
                INSERT INTO nofx.events (team_id, run_id, seq, type)
                VALUES (\(team)::uuid, \(run), 1, 'run.created'), (\(team)::uuid, \(run), 2, 'run.succeeded')
                """
            )
            let function = TestFunction(
                "deliverOutbox",
                database: database.operatorURL,
                environment: [
                    "NOFX_HTTP_ALLOW": "127.0.0.0/8", "NOFX_JWT_SECRET": "", "NOFX_JWT_ISSUER": "",
                    "NOFX_JWT_AUDIENCE": "", "LOG_LEVEL": "debug",
                ]
            )
            let delivered = try function.run("{}")
            #expect(try delivered.json()["delivered"]?.integer == 1)
            let message = try #require(try receiver.messages().first)
            #expect(try message.isVerified && receiver.messages().count == 1)
            let body = try JSONDocument(parsing: Array(message.body.utf8)).root
            #expect(body["type"]?.string == "run.succeeded" && body["data"]?["runId"]?.string == run.description)
            for text in [made.errors, again.output, again.errors, delivered.errors, try database.dump()] {
                #expect(!text.contains(secret.dropFirst(6)))
            }
            #expect(!delivered.errors.contains("/200/a"))
        }
    }

    @Test func `an http URL is rejected by default, and a short key is invalid`() throws {
        let plain = try createWebhook("http://hooks.example/")
        try expectProblem(plain, 422, "validation_failed", exit: 65)
        for key in ["", "a short key"] {
            let outcome = try createWebhook("https://hooks.example/", ["NOFX_WEBHOOK_KEY": key])
            try expectProblem(outcome, 503, "misconfigured", exit: 78)
            #expect(outcome.errors.contains("NOFX_WEBHOOK_KEY") && !outcome.errors.contains("a short key"))
        }
    }
}
