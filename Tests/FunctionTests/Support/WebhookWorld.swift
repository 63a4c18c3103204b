import Base
import Core
import Postgres
import System
import TestSupport

@testable import Teams
@testable import Notifications

/// A team whose webhooks lead to a receiver, and deliverOutbox with the operator role.
struct WebhookWorld {
    let database: TestDatabase
    let receiver: WebhookReceiver
    let owner: Caller
    let team: Team

    /// Makes a team, and runs a receiver for the duration of the body.
    static func run(_ body: (WebhookWorld) throws -> Void) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try WebhookReceiver.run { receiver in
            try body(WebhookWorld(database: database, receiver: receiver, owner: owner, team: team))
        }
    }

    /// Makes a webhook for a path of the receiver.
    func webhook(_ path: String) throws -> ID<Webhook> {
        try database.webhook(to: receiver, path, of: team, by: owner).id
    }

    /// Delivers the due messages.
    ///
    /// - Parameters:
    ///   - input: The input of deliverOutbox.
    ///   - environment: The variables.
    ///   - log: Receives the log.
    ///   - deadline: The deadline of the call.
    /// - Returns: The counts other than zero: `claimed 2 delivered 2`.
    /// - Throws: `PostgresError` or `ConfigurationError`.
    @discardableResult
    func deliver(
        _ input: String = "{}",
        _ environment: Environment = CreateTestWebhook.environment,
        log: Log = .silent,
        deadline: Deadline = .test
    ) throws -> String {
        var context = try database.operatorContext(log: log, deadline: deadline)
        var channels = try DeliveryChannels(environment)
        let request = try Outbox.Request(input: JSONDocument(parsing: Array(input.utf8)).root)
        let report = try Outbox.deliver(request, by: &channels, in: &context)
        let counts = [
            ("redriven", report.redriven), ("claimed", report.claimed), ("delivered", report.delivered),
            ("dropped", report.dropped), ("retried", report.retried), ("dead", report.dead),
        ].filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }
        return (counts + (report.more ? ["more"] : [])).joined(separator: " ")
    }

    /// Makes all messages due, ends all cool-downs, and delivers.
    func deliverAgain() throws -> String {
        try database.makeOutboxDue()
        try database.wakeWebhooks()
        return try deliver()
    }

    /// The numbers of pending and of dead-lettered mails and webhook messages.
    func tally() throws -> [String: Int] {
        let rows = try database.rows(
            """
            SELECT 'pending' AS status, count(*) AS count FROM nofx.queue HAVING count(*) > 0
            UNION ALL SELECT 'dead', count(*) FROM nofx.dead_letters HAVING count(*) > 0
            """
        )
        return try (0..<rows.count).reduce(into: [:]) { counts, index in
            counts[try rows[index]["status"] as String] = try rows[index]["count"]
        }
    }
}
