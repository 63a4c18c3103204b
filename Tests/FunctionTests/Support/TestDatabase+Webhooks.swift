import Base
import Core
import FunctionRuntime
import Postgres
import System
import TestSupport

@testable import Teams
@testable import Notifications

/// `createWebhook` with the tests' key and with plain HTTP allowed.
struct CreateTestWebhook: Function {
    static let environment = Environment([
        ("NOFX_WEBHOOK_KEY", String(repeating: "k", count: 32)), ("NOFX_WEBHOOK_ALLOW_HTTP", "1"),
        ("NOFX_HTTP_ALLOW", "127.0.0.0/8"),
    ])
    static let name = "createWebhook"
    static let summary = "For tests."
    static let subject = Subject.webhooks
    static let access = Access.authenticated

    func run(_ input: NewWebhook.Draft, in context: inout Context) throws -> NewWebhook {
        try NewWebhook.create(input, by: WebhookPolicy(Self.environment), in: &context)
    }
}

extension TestDatabase {
    /// Makes a webhook and returns it with its secret.
    func webhook(
        _ url: String = "https://hooks.example/secret/path?token=hunter2",
        of team: Team,
        by caller: Caller,
        events: String? = nil
    ) throws -> NewWebhook {
        try call(CreateTestWebhook.self, team.webhook(url, events: events), as: caller)
    }

    /// Makes a webhook for a receiver and gives the receiver its secret.
    func webhook(to receiver: WebhookReceiver, _ path: String, of team: Team, by caller: Caller) throws -> NewWebhook {
        let webhook = try webhook(receiver.url(path), of: team, by: caller)
        try receiver.expect(webhook.secret.reveal(), on: path)
        return webhook
    }

    /// Queues a message for a webhook.
    ///
    /// - Returns: The id of the job.
    @discardableResult
    func queueMessage(_ text: String = "hello", to webhook: ID<Webhook>) throws -> UUID {
        try value(
            """
            INSERT INTO nofx.queue (id, topic, tenant_id, payload)
            VALUES (gen_random_uuid(), 'webhook', \(webhook),
                    json_build_object('type', 'run.succeeded', 'data', \(text)::text)) RETURNING id
            """
        )
    }

    /// Ends the cool-down of all webhooks.
    func wakeWebhooks() throws {
        try rows("UPDATE nofx.webhooks SET rests_until = now()")
    }

    /// The delivery state of a webhook: its failures, and whether it is disabled.
    func state(of webhook: ID<Webhook>) throws -> WebhookState {
        let rows = try rows(
            """
            SELECT failures, last_error, disabled_at IS NOT NULL AS is_disabled, failing_since IS NOT NULL AS is_failing,
                   ceil(extract(epoch FROM rests_until - now()))::bigint AS rest
            FROM nofx.webhooks WHERE id = \(webhook)
            """
        )
        return try WebhookState(row: rows[0])
    }
}

/// The columns of a webhook that deliveries change.
struct WebhookState: Equatable, RowDecodable {
    let failures: Int
    let error: String?
    let isDisabled: Bool
    let isFailing: Bool

    /// The seconds from the statement's time until the cool-down ends.
    let rest: Int

    init(row: borrowing Row) throws(PostgresError) {
        failures = try row["failures"]
        error = try row["last_error"]
        isDisabled = try row["is_disabled"]
        isFailing = try row["is_failing"]
        rest = try row["rest"]
    }
}

extension Team {
    /// The input that creates a webhook.
    func webhook(_ url: String = "https://hooks.example/", events: String? = nil) -> String {
        changes(#""url":\#(json(url))\#(events.map { #","events":\#($0)"# } ?? "")"#)
    }

    /// The input that names a webhook of the team.
    func reference(to webhook: ID<Webhook>) -> String { changes(#""webhookId":"\#(webhook)""#) }
}
