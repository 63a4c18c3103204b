import Base
import Core
import Postgres
import TestSupport
import Testing
@testable import Notifications

@testable import Teams
@testable import nofx

@Suite struct DeleteWebhookTests {
    private let owner = Caller.stranger()

    @Test func `a webhook is deleted with its waiting messages only`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        let (webhook, other) = (try database.webhook(of: team, by: owner), try database.webhook(of: team, by: owner))
        for _ in 0..<3 { try database.queueMessage(to: webhook.id) }
        let kept = try database.queueMessage(to: other.id)
        let mail = try database.queueInvite(to: "grace@example.com", team: team.id.uuid, by: owner.user.uuid)
        let deleted = try database.call(DeleteWebhook.self, team.reference(to: webhook.id), as: owner)

        #expect(deleted.id == webhook.id && deleted.url == webhook.url)
        let left: [UUID] = try database.value("SELECT array_agg(id ORDER BY topic) FROM nofx.queue")
        #expect(left == [mail, kept])
        let entry = try #require(database.activity(of: team.id).last)
        #expect(entry.action == "webhook.deleted" && entry.metadata == #"{"webhookId": "\#(webhook.id)"}"#)
        let again = database.refusal(of: DeleteWebhook.self, team.reference(to: webhook.id), as: owner)
        #expect(again == "404 webhook_not_found")
    }

    @Test func `managers of the team delete only its webhooks, and other members may not`() throws {
        let database = try TestDatabase()
        let (team, other) = (try database.team(of: owner), try database.team(of: owner))
        let webhook = try database.webhook(of: team, by: owner)
        func refusal(_ caller: Caller?, in team: Team) -> String? {
            database.refusal(of: DeleteWebhook.self, team.reference(to: webhook.id), as: caller)
        }
        #expect(refusal(.stranger(), in: team) == "404 team_not_found")
        #expect(refusal(nil, in: team) == "401 unauthenticated")
        #expect(refusal(try database.member(of: team, as: .member), in: team) == "403 forbidden")
        #expect(refusal(owner.key(scopes: [.read, .write, .delete]), in: team) == "403 insufficient_scope")
        #expect(refusal(owner, in: other) == "404 webhook_not_found")
        #expect(try database.value("SELECT count(*) FROM nofx.webhooks") == 1)
        #expect(refusal(try database.member(of: team, as: .admin), in: team) == nil)
    }

    @Test func `of 16 concurrent deletions one succeeds`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        let webhook = try database.webhook(of: team, by: owner)
        let outcomes = database.race(
            DeleteWebhook.self,
            (0..<16).map { _ in (owner, team.reference(to: webhook.id)) }
        )
        #expect(outcomes.tally() == ["ok": 1, "404 webhook_not_found": 15])
        let actions = try database.activity(of: team.id).filter { $0.action == "webhook.deleted" }
        #expect(actions.count == 1)
    }

    @Test func `a purged team's webhooks and their messages are deleted`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        try database.queueMessage(to: database.webhook(of: team, by: owner).id)
        try database.rows("DELETE FROM nofx.teams WHERE id = \(team.id)")
        #expect(
            try database.value("SELECT (SELECT count(*) FROM nofx.webhooks) + (SELECT count(*) FROM nofx.queue)") == 0
        )
    }
}
