import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import Notifications
@testable import nofx

@Suite struct ListWebhooksTests {
    private let owner = Caller.stranger()

    @Test func `the webhooks of a team are listed newest first, without secrets`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        let first = try database.webhook(of: team, by: owner)
        let second = try database.webhook("https://b.example/", of: team, by: owner, events: #"["run.failed"]"#)
        _ = try database.webhook(of: database.team(of: owner), by: owner)
        let page = try database.call(ListWebhooks.self, team.reference, as: owner)

        #expect(page.items.map(\.id) == [second.id, first.id])
        #expect(page.items.map(\.url) == ["https://b.example/", first.url])
        #expect(page.items.map(\.events) == [[.runFailed], first.events])
        #expect(page.items.allSatisfy { $0.creator == owner.user && $0.failingSince == nil && $0.disabledAt == nil })
        #expect(page.nextCursor == nil)
        #expect(!String(decoding: page.jsonBytes, as: UTF8.self).contains("whsec_"))
    }

    @Test func `a member who does not manage the team sees a webhook's host, but not its path`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        let webhook = try database.webhook("https://hooks.example:8443/secret?token=x", of: team, by: owner)
        func url(_ caller: Caller) throws -> String? {
            try database.call(ListWebhooks.self, team.reference, as: caller).items.first?.url
        }
        for caller in [
            try database.member(of: team, as: .member), try database.member(of: team, as: .viewer),
            owner.key(scopes: [.read]),
        ] {
            #expect(try url(caller) == "https://hooks.example:8443")
        }
        for caller in [try database.member(of: team, as: .admin), owner, owner.key(scopes: [.read, .admin])] {
            #expect(try url(caller) == webhook.url)
        }
    }

    @Test func `a member without read permission sees no webhooks`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        func refusal(_ caller: Caller?) -> String? {
            database.refusal(of: ListWebhooks.self, team.reference, as: caller)
        }
        #expect(refusal(.stranger()) == "404 team_not_found")
        #expect(refusal(nil) == "401 unauthenticated")
        #expect(refusal(try database.member(of: team, as: .member, permissions: [.write])) == "403 forbidden")
        #expect(refusal(owner.key(scopes: [.write, .admin])) == "403 insufficient_scope")
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(refusal(owner) == "404 team_not_found")
    }

    @Test func `ten webhooks are paged without gaps or repetitions, and a cursor is valid for its team`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: owner)
        let made = try (0..<10).map { _ in try database.webhook(of: team, by: owner).id }
        try database.rows("UPDATE nofx.webhooks SET created_at = date_trunc('second', created_at)")
        var (found, cursor): ([ID<Webhook>], Cursor?) = ([], nil)
        repeat {
            let more = cursor.map { #","cursor":\#(json($0))"# } ?? ""
            let page = try database.call(ListWebhooks.self, team.changes(#""limit":3\#(more)"#), as: owner)
            found += page.items.map(\.id)
            cursor = page.nextCursor ?? nil
        } while cursor != nil && found.count <= 10
        #expect(Set(found) == Set(made) && found.count == 10)

        let page = try database.call(ListWebhooks.self, team.changes(#""limit":1"#), as: owner)
        let next = json(try #require(page.nextCursor))
        let other = try database.team(of: owner).changes(#""cursor":\#(next)"#)
        #expect(database.refusal(of: ListWebhooks.self, other, as: owner) == "422 invalid_cursor")
    }
}
