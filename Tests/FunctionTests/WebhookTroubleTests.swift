import Base
import Core
import Postgres
import Queue
import System
import TestSupport
import Testing
@testable import Notifications

@testable import Teams

/// Receivers that are slow, gone or reject some messages, and concurrent deliverers.
@Suite struct WebhookTroubleTests {
    @Test func `a receiver that answers 410 gets no more messages`() throws {
        try WebhookWorld.run { world in
            let webhook = try world.webhook("/410/a")
            let ids = try (0..<3).map { _ in try world.database.queueMessage(to: webhook) }
            let log = LogLines()
            #expect(try world.deliver(log: log.log) == "claimed 1 dead 1")
            #expect(log.containing("webhook.disabled").count == 1)
            #expect(try world.database.state(of: webhook).isDisabled)
            #expect(try world.deliverAgain() == "")
            #expect(try ids.map { try world.database.outbox($0).status } == ["dead", "gone", "gone"])
            #expect(try world.receiver.messages().count == 1)
        }
    }

    @Test func `a webhook is disabled after three days of failures`() throws {
        try WebhookWorld.run { world in
            let webhook = try world.webhook("/500/a")
            for _ in 0..<2 { try world.database.queueMessage(to: webhook) }
            for (age, isDisabled) in [("71 hours", false), ("73 hours", true)] {
                try world.database.rows(
                    "UPDATE nofx.webhooks SET failures = 1, failing_since = now() - \(age)::text::interval"
                )
                #expect(try world.deliverAgain() == "claimed 1 retried 1")
                #expect(try world.database.state(of: webhook).isDisabled == isDisabled)
            }
            #expect(try world.deliverAgain() == "")
            #expect(try world.tally() == [:])
        }
    }

    // Cases: queue 93
    @Test func `a message that its receiver always rejects does not block the others`() throws {
        try WebhookWorld.run { world in
            let webhook = try world.webhook("/poison/a")
            let poison = try world.database.queueMessage("poison", to: webhook)
            for _ in 0..<5 { try world.database.queueMessage(to: webhook) }
            #expect(try world.deliver() == "claimed 1 retried 1")
            #expect(try (1...10).contains(world.database.state(of: webhook).rest))
            try world.database.wakeWebhooks()
            #expect(try world.deliver() == "claimed 5 delivered 5")
            #expect(try world.database.outbox(poison).status == "pending")
            #expect(try world.database.outbox(poison).attempts == 1)
            #expect(try world.database.state(of: webhook).failures == 0)
        }
    }

    @Test func `a failing webhook's cool-down grows up to ten minutes, however many messages wait`() throws {
        try WebhookWorld.run { world in
            let webhook = try world.webhook("/500/a")
            for _ in 0..<9 { try world.database.queueMessage(to: webhook) }
            let rests = try (0..<9).map { _ in
                try world.database.wakeWebhooks()
                #expect(try world.deliver() == "claimed 1 retried 1")
                return try world.database.state(of: webhook).rest
            }
            for (rest, longest) in zip(rests, [10, 20, 40, 80, 160, 320, 600, 600, 600]) {
                #expect((longest - 9...longest).contains(rest), "\(rests)")
            }
        }
    }

    @Test func `a slow receiver gets at most a quarter of the time`() throws {
        try WebhookWorld.run { world in
            let webhook = try world.webhook("/slow-1.2/a")
            for _ in 0..<2 { try world.database.queueMessage(to: webhook) }
            #expect(try world.deliver() == "claimed 1 delivered 1")
            #expect(try world.database.state(of: webhook).rest >= 1)
            #expect(try world.tally() == ["pending": 1])
        }
    }

    // Cases: queue 93
    @Test func `two deliverers serve all other receivers while one hangs and another is down`() throws {
        try WebhookWorld.run { world in
            let (hanging, down) = (try world.webhook("/hang/a"), try world.webhook("/500/a"))
            let good = try world.webhook("/200/a")
            for _ in 0..<30 {
                for webhook in [hanging, down, good] { try world.database.queueMessage(to: webhook) }
            }
            _ = try runConcurrently(2) { _, barrier in
                barrier()
                return try world.deliver(deadline: .after(.seconds(6)))
            }
            let messages = try world.receiver.messages("/200/a")
            #expect(messages.count == 30 && Set(messages.map(\.id)).count == 30)
            #expect(try world.receiver.messages("/hang/a").count == 1)
            #expect(try world.receiver.messages("/500/a").count == 1)
            #expect(try world.tally() == ["pending": 60])
        }
    }

    @Test func `eight deliverers send each message once, and one at a time per webhook`() throws {
        try WebhookWorld.run { world in
            let webhooks = try (0..<5).map { try world.webhook("/slow-0.01/\($0)") }
            for _ in 0..<20 {
                for webhook in webhooks { try world.database.queueMessage(to: webhook) }
            }
            let left: Query = "SELECT count(*) FROM nofx.queue"
            while try world.database.value(left, as: Int.self) > 0 {
                _ = try runConcurrently(8) { _, barrier in
                    barrier()
                    return try world.deliver()
                }
            }
            let messages = try world.receiver.messages()
            #expect(messages.count == 100 && Set(messages.map(\.id)).count == 100)
            #expect(!messages.contains { !$0.isVerified })
            #expect(try world.receiver.busiest() == 1)
            #expect(try world.tally() == [:])
        }
    }

    @Test func `a message whose deliverer died waits five minutes, and the webhook's others do not`() throws {
        try WebhookWorld.run { world in
            let webhook = try world.webhook("/200/a")
            let ids = try (0..<2).map { _ in try world.database.queueMessage(to: webhook) }
            // As if a deliverer had claimed it and died.
            var context = try world.database.operatorContext()
            #expect(try context.operatorQuery(Outbox.restBegin()).count == 1)
            var delivery = OutboxDelivery(in: context)
            #expect(try delivery.claim(.webhook, of: [webhook.uuid])?.id.uuid == ids[0])
            #expect(try (1...30).contains(world.database.state(of: webhook).rest))
            #expect(try world.deliver() == "")
            try world.database.wakeWebhooks()
            #expect(try world.deliver() == "claimed 1 delivered 1")
            #expect(try (200...300).contains(world.database.outbox(ids[0]).wait))
            #expect(try world.deliverAgain() == "claimed 1 delivered 1")
            #expect(try world.receiver.messages().map(\.id) == [ids[1].description, ids[0].description])
        }
    }

    @Test func `ten slow receivers of one team do not hold up the messages and the mails of another`() throws {
        try WebhookWorld.run { world in
            let slow = try world.database.team("Slow", of: world.owner)
            for number in 0..<10 {
                let path = "/hang/\(number)"
                let webhook = try world.database.webhook(to: world.receiver, path, of: slow, by: world.owner)
                for _ in 0..<3 { try world.database.queueMessage(to: webhook.id) }
            }
            let good = try world.webhook("/200/a")
            for _ in 0..<10 { try world.database.queueMessage(to: good) }
            for number in 0..<6 {
                try world.database.queueInvite(
                    to: "grace\(number)@example.com",
                    team: world.team.id.uuid,
                    by: world.owner.user.uuid
                )
            }
            let program = try MailProgram("cat >/dev/null")
            let environment = Environment([
                ("NOFX_WEBHOOK_KEY", String(repeating: "k", count: 32)), ("NOFX_WEBHOOK_ALLOW_HTTP", "1"),
                ("NOFX_HTTP_ALLOW", "127.0.0.0/8"), ("NOFX_MAIL_FROM", "mail@acme.example"),
                ("NOFX_MAIL_COMMAND", program.path), ("PATH", "/usr/bin:/bin"),
            ])
            let report = try world.deliver("{}", environment, deadline: .after(.seconds(6)))
            #expect(try world.receiver.messages("/200/a").count == 10)
            let hanging = TeamTurns.share
            #expect(report == "claimed \(16 + hanging) delivered 16 retried \(hanging) more")
            #expect(try world.database.value("SELECT count(*) FROM nofx.queue WHERE topic = 'mail'") == 0)
        }
    }

    @Test func `teams take turns, and one that used its time gets no more`() {
        let teams = (0..<3).map { _ in UUID.v7() }
        var turns = TeamTurns(time: .seconds(10))
        for _ in 0..<TeamTurns.share { turns.begin(teams[0]) }
        turns.begin(teams[1])
        #expect(turns.order == [teams[1], teams[0]])
        #expect(turns.heldBack == [teams[0]])
        #expect(turns.running == TeamTurns.share + 1)
        turns.end(teams[0], took: .seconds(4))
        #expect(turns.heldBack == [])
        #expect(!turns.isAnyOver)
        turns.end(teams[1], took: .seconds(10))
        #expect(turns.heldBack == [teams[1]])
        #expect(turns.isAnyOver)
    }

    @Test func `whoever took too long settles nothing`() throws {
        try WebhookWorld.run { world in
            let webhook = try world.webhook("/slow-1/a")
            let id = try world.database.queueMessage(to: webhook)
            let log = LogLines()
            let deliverer = TestThread { Result { try world.deliver(log: log.log) } }
            try Poll.until { try !world.receiver.messages().isEmpty }
            try world.database.rows("UPDATE nofx.queue SET fence = fence + 1")
            #expect(try deliverer.join().get() == "claimed 1")
            #expect(log.containing("outbox.late").count == 1)
            #expect(try world.database.outbox(id).status == "pending")
        }
    }

    @Test func `the messages of a deleted team or webhook are dropped`() throws {
        try WebhookWorld.run { world in
            let ids = [
                try world.database.queueMessage(to: world.webhook("/200/a")),
                try world.database.queueMessage(to: .make()),
            ]
            try world.database.rows("UPDATE nofx.teams SET deleted_at = now(), purge_after = now()")
            #expect(try world.deliver() == "")
            for id in ids { #expect(try world.database.outbox(id).status == "gone") }
            #expect(try world.receiver.messages().isEmpty)
        }
    }

    @Test func `a delivery stops at its limit or deadline and reports that more is due`() throws {
        try WebhookWorld.run { world in
            let webhook = try world.webhook("/200/a")
            for _ in 0..<5 { try world.database.queueMessage(to: webhook) }
            #expect(try world.deliver(deadline: .after(.milliseconds(2_500))) == "more")
            #expect(try world.deliver(#"{"limit":2}"#) == "claimed 2 delivered 2 more")
            #expect(try world.deliver(#"{"limit":3}"#) == "claimed 3 delivered 3")
        }
    }

    @Test func `without a webhook key mail is sent, and the missing variable is logged`() throws {
        try WebhookWorld.run { world in
            let id = try world.database.queueMessage(to: world.webhook("/200/a"))
            let mail = try world.database.queueInvite(
                to: "grace@example.com",
                team: world.team.id.uuid,
                by: world.owner.user.uuid
            )
            let program = try MailProgram("cat >\"$folder/1.eml\"")
            let environment = Environment([
                ("NOFX_MAIL_FROM", "mail@acme.example"), ("NOFX_MAIL_COMMAND", program.path), ("PATH", "/usr/bin:/bin"),
            ])
            let error = #expect(throws: ConfigurationError.self) { try world.deliver("{}", environment) }
            #expect(error?.description == "NOFX_WEBHOOK_KEY: must be set")
            #expect(try world.database.outbox(mail).status == "gone")
            #expect(try world.database.outbox(id).attempts == 0)
        }
    }

    @Test func `with webhooks only, mail needs no configuration and stays queued`() throws {
        try WebhookWorld.run { world in
            let mail = try world.database.queueInvite(
                to: "grace@example.com",
                team: world.team.id.uuid,
                by: world.owner.user.uuid
            )
            try world.database.queueMessage(to: world.webhook("/200/a"))
            #expect(try world.deliver() == "claimed 1 delivered 1")
            #expect(try world.database.outbox(mail).attempts == 0)
        }
    }
}
