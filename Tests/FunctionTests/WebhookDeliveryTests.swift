import Base
import Core
import Postgres
import System
import TestSupport
import Testing

@testable import Teams
@testable import Notifications

/// Messages at a receiver that verifies them with the standard's own library.
@Suite struct WebhookDeliveryTests {
    @Test func `a message arrives once and unchanged, signed with its webhook's secret`() throws {
        try WebhookWorld.run { world in
            let webhook = try world.webhook("/200/a")
            let id = try world.database.queueMessage("日本 \\u0000 🎿", to: webhook)
            let log = LogLines()
            #expect(try world.deliver(log: log.log) == "claimed 1 delivered 1")
            #expect(try world.deliver() == "")

            let messages = try world.receiver.messages()
            let message = try #require(messages.first)
            #expect(messages.count == 1 && message.isVerified && message.method == "POST" && message.path == "/200/a")
            #expect(message.id == id.description && message.contentType == "application/json")
            #expect(message.body == #"{"type" : "run.succeeded", "data" : "日本 \\u0000 🎿"}"#)
            #expect(try world.database.outbox(id).status == "gone")
            #expect(log.containing("outbox.settled").count == 1 && log.containing(webhook.description).count == 1)
            for hidden in ["/200/a", "whsec", "127.0.0.1", "🎿"] { #expect(log.containing(hidden).isEmpty) }
        }
    }

    @Test func `a failed message is sent again with the same id and body, and a new timestamp`() throws {
        try WebhookWorld.run { world in
            let webhook = try world.webhook("/503x2/a")
            let id = try world.database.queueMessage(to: webhook)
            #expect(try world.deliver() == "claimed 1 retried 1")
            let state = try world.database.outbox(id)
            #expect(state.status == "pending" && state.error == "the receiver answered 503")
            #expect((30...72).contains(state.wait))
            #expect(try world.deliver() == "")
            #expect(try world.deliverAgain() == "claimed 1 retried 1")
            #expect(try world.database.state(of: webhook).failures == 2)
            #expect(try world.deliverAgain() == "claimed 1 delivered 1")

            let messages = try world.receiver.messages()
            #expect(messages.count == 3 && messages.allSatisfy { $0.isVerified && $0.id == id.description })
            #expect(Set(messages.map(\.body)).count == 1)
            let times = messages.compactMap { Int64($0.timestamp) }
            #expect(times.count == 3 && times == times.sorted())
            let after = try world.database.state(of: webhook)
            #expect(after.failures == 0 && after.error == nil && !after.isFailing)
        }
    }

    @Test func `after eight attempts a message is dead-lettered, and an operator can redrive it`() throws {
        try WebhookWorld.run { world in
            let id = try world.database.queueMessage(to: world.webhook("/404x8/a"))
            let log = LogLines()
            for _ in 0..<7 { #expect(try world.deliverAgain() == "claimed 1 retried 1") }
            try world.database.makeOutboxDue()
            try world.database.wakeWebhooks()
            #expect(try world.deliver(log: log.log) == "claimed 1 dead 1")
            #expect(log.containing("outbox.dead").count == 1)
            #expect(try world.deliverAgain() == "")
            #expect(try world.deliver(#"{"redriveDead":10}"#) == "redriven 1 claimed 1 delivered 1")
            #expect(try world.receiver.messages().map(\.id) == Array(repeating: id.description, count: 9))
            #expect(try world.deliver(#"{"redriveDead":10}"#) == "")
        }
    }

    @Test(arguments: ["0", "10001", "-1", "1.5", #""1""#, "true"])
    func `the number to redrive must be an integer from 1 to 10000`(count: String) throws {
        let input = try JSONDocument(parsing: Array(#"{"redriveDead":\#(count)}"#.utf8)).root
        #expect(throws: Violations.self) { try Outbox.Request(input: input) }
    }

    @Test func `a message whose deliverer dies every time is dead-lettered`() throws {
        try WebhookWorld.run { world in
            let id = try world.database.queueMessage(to: world.webhook("/200/a"))
            try world.database.rows("UPDATE nofx.queue SET attempt = 8")
            #expect(try world.deliver() == "claimed 1 dead 1")
            #expect(try world.database.outbox(id).error == "every attempt ended without a result")
            #expect(try world.receiver.messages().isEmpty)
        }
    }

    @Test(arguments: [("/retry-3600/a", 3_590...3_600), ("/retry-99999999999/a", 86_390...86_400)])
    func `a Retry-After of a receiver is respected, for at most a day`(path: String, range: ClosedRange<Int>) throws {
        try WebhookWorld.run { world in
            let webhook = try world.webhook(path)
            let id = try world.database.queueMessage(to: webhook)
            #expect(try world.deliver() == "claimed 1 retried 1")
            #expect(try range.contains(world.database.outbox(id).wait))
            #expect(try range.contains(world.database.state(of: webhook).rest))
        }
    }

    @Test func `a redirect is not followed and counts as a failure`() throws {
        try WebhookWorld.run { world in
            let id = try world.database.queueMessage(to: world.webhook("/redirect/a"))
            #expect(try world.deliver() == "claimed 1 retried 1")
            #expect(try world.database.outbox(id).error == "the receiver answered 302")
            #expect(try world.receiver.messages().map(\.path) == ["/redirect/a"])
        }
    }

    @Test func `a response counts as delivered, however large its body is`() throws {
        try WebhookWorld.run { world in
            try world.database.queueMessage(to: world.webhook("/endless/a"))
            #expect(try world.deliver() == "claimed 1 delivered 1")
        }
    }

    @Test func `a message to an unreachable receiver is retried`() throws {
        try WebhookWorld.run { world in
            let url = "http://127.0.0.1:1/secret"
            let id = try world.database.queueMessage(
                to: world.database.webhook(url, of: world.team, by: world.owner).id
            )
            #expect(try world.deliver() == "claimed 1 retried 1")
            #expect(try world.database.outbox(id).error == "the server could not be reached")
        }
    }

    @Test func `no message is sent to the operator's own network`() throws {
        try WebhookWorld.run { world in
            let id = try world.database.queueMessage(to: world.webhook("/200/a"))
            let environment = Environment([("NOFX_WEBHOOK_KEY", String(repeating: "k", count: 32))])
            #expect(try world.deliver("{}", environment) == "claimed 1 retried 1")
            let error = try world.database.outbox(id).error
            #expect(error == "the server's address is not one that may be connected to")
            // The team learns no more than of a server that is down.
            #expect(
                try world.database.value("SELECT last_error FROM nofx.webhooks") == "the server could not be reached"
            )
            #expect(try world.receiver.messages().isEmpty)
        }
    }
}
