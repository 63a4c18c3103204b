import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Notifications
@testable import Operations
@testable import Teams
@testable import nofx

/// Stored values are readable even if today's input rules reject them.
@Suite struct StoredValueTests {
    private static let name = " <b>\u{202E}x\u{7}"

    @Test func `a team with an invalid name, slug and settings is returned and listed`() throws {
        let (database, owner, team) = try oldTeam()
        let shown = try database.call(GetTeam.self, team.reference, as: owner)
        #expect(TeamName(rawValue: Self.name) == nil)
        #expect(shown.name.rawValue == Self.name)
        #expect(TeamSlug(rawValue: "Über_uns") == nil)
        #expect(shown.slug.rawValue == "Über_uns")
        #expect(shown.billingEmail == "no address")
        #expect(shown.settings?.text == "[1]")
        let other = try database.team("Other", of: owner)
        let page = try database.call(ListTeams.self, "{}", as: owner)
        #expect(page.items.map(\.team) == [other.id, team.id])
        #expect(page.items.last?.name.rawValue == Self.name)
        #expect(page.items.last?.slug.rawValue == "Über_uns")
    }

    @Test func `a team with an invalid name is changed, transferred, deleted and restored`() throws {
        let (database, owner, team) = try oldTeam()
        let changed = try database.call(UpdateTeam.self, team.changes(#""settings":{}"#), as: owner)
        #expect(changed.name.rawValue == Self.name)
        let renamed = try database.call(UpdateTeam.self, team.changes(#""name":"Acme""#), as: owner)
        #expect(renamed.name.rawValue == "Acme")
        #expect(renamed.slug.rawValue == "Über_uns")
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(try database.call(RestoreTeam.self, team.reference, as: owner).slug.rawValue == "Über_uns")
        let member = try database.member(of: team, as: .member)
        let membership: ID<Member> = try database.value(
            "SELECT id FROM nofx.team_members WHERE user_id = \(member.user)"
        )
        let heir = team.changes(#""memberId":"\#(membership)""#)
        #expect(try database.call(TransferOwnership.self, heir, as: owner).owner == member.user)
        #expect(
            try database.activity(of: team.id).map(\.action) == [
                "team.created", "team.updated", "team.updated", "team.deleted", "team.restored",
                "ownership.transferred",
            ]
        )
    }

    @Test func `a member with an invalid address and unknown permissions is listed`() throws {
        let (database, owner, team) = try oldTeam()
        let member = try database.member(of: team, as: .member)
        try database.rows(
            """
            UPDATE nofx.users SET email = 'no address', email_normalized = 'no address' WHERE id = \(member.user)
            """
        )
        try database.rows(
            """
            UPDATE nofx.team_members SET permissions = '{read,fly,write}' WHERE user_id = \(member.user)
            """
        )
        let items = try database.call(ListMembers.self, team.reference, as: owner).items
        #expect(items.map(\.user) == [owner.user, member.user])
        #expect(items.last?.email == "no address")
        #expect(items.last?.permissions == [.read, .write])
        #expect(items.last?.override == [.read, .write])
        #expect(try database.call(GetTeam.self, team.reference, as: member).permissions == [.read, .write])
    }

    @Test func `an invite to an invalid address is listed and cancelled`() throws {
        let (database, owner, team) = try oldTeam()
        try database.invite("no address", to: team, by: owner)
        let items = try database.call(ListInvites.self, team.reference, as: owner).items
        #expect(EmailAddress("no address") == nil)
        #expect(items.map(\.email) == ["no address"])
        let cancellation = team.cancellation(of: try #require(items.first).id)
        #expect(try database.call(CancelInvite.self, cancellation, as: owner).email == "no address")
    }

    @Test func `an invite to a team with an invalid name is accepted`() throws {
        let (database, owner, team) = try oldTeam()
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        let guest = Caller.stranger(email: "ada@example.com")
        let accepted = try database.call(AcceptInvite.self, invite.acceptance, as: guest)
        #expect(accepted.teamName.rawValue == Self.name)
    }

    @Test func `a key with an invalid name and unknown scopes is listed, used and revoked`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let key = try database.key(of: owner, scopes: [.read])
        try database.dropChecks(of: "nofx.api_keys")
        try database.rows("UPDATE nofx.api_keys SET name = \(Self.name), scopes = '{fly,read}' WHERE id = \(key.id)")
        let items = try database.call(ListAPIKeys.self, "{}", as: owner).items
        #expect(KeyName(rawValue: Self.name) == nil)
        #expect(items.map(\.name.rawValue) == [Self.name])
        #expect(items.map(\.scopes) == [[.read]])
        #expect(try database.caller(with: key.key.reveal()).scopes == [.read])
        #expect(try database.call(RevokeAPIKey.self, key.reference, as: owner).name.rawValue == Self.name)
    }

    @Test func `activity and security events with invalid texts are listed`() throws {
        let (database, owner, team) = try oldTeam()
        let text = String(repeating: Self.name, count: 200)
        try database.rows(
            """
            INSERT INTO nofx.team_activity (team_id, actor_id, action, metadata, ip, user_agent, credential)
            VALUES (\(team.id), \(owner.user), '', '[]', \(text), \(text), \(text))
            """
        )
        let entry = try #require(try database.call(ListActivity.self, team.reference, as: owner).items.first)
        #expect(entry.action == "")
        #expect(entry.userAgent == text)
        #expect(entry.metadata.description == "[]")
        try database.rows(
            """
            INSERT INTO nofx.security_events (bucket, user_id, team_id, action, reason, ip)
            VALUES (date_trunc('minute', now()), 'no id', \(team.id.description), '', 'unheard of', \(text))
            """
        )
        let event = try #require(try database.call(ListSecurityEvents.self, team.reference, as: owner).items.first)
        #expect(event.user == "no id")
        #expect(event.reason == "unheard of")
        #expect(event.ip == text)
    }

    @Test func `a webhook with a URL and events that this version does not know is listed and deleted`() throws {
        let (database, owner, team) = try oldTeam()
        let webhook = try database.webhook(of: team, by: owner)
        _ = try database.webhook(of: team, by: owner)
        try database.rows(
            """
            UPDATE nofx.webhooks SET url = 'ftp:no url', events = '{run.flown,run.failed}', last_error = \(Self.name)
            WHERE id = \(webhook.id)
            """
        )
        for (caller, url) in [(owner, "ftp:no url"), (try database.member(of: team, as: .viewer), "")] {
            let items = try database.call(ListWebhooks.self, team.reference, as: caller).items
            #expect(items.count == 2)
            #expect(items.last?.url == url)
            #expect(items.last?.events == [.runFailed])
            #expect(items.last?.lastError == Self.name)
        }
        let deletion = #"{"teamId":"\#(team.id)","webhookId":"\#(webhook.id)"}"#
        try database.call(DeleteWebhook.self, deletion, as: owner)
        #expect(try database.call(ListWebhooks.self, team.reference, as: owner).items.count == 1)
    }

    @Test func `a dead letter with a topic, a code and a payload that no program writes is listed`() throws {
        let database = try TestDatabase()
        let operating = Caller.stranger(isOperator: true)
        try database.rows(
            """
            INSERT INTO nofx.dead_letters (id, topic, tenant_id, priority, attempts, error, enqueued_at, payload)
            SELECT gen_random_uuid(), topic, gen_random_uuid(), 0, 3, \(Self.name), now(), payload::json
            FROM (VALUES ('Old topic', '[1]'), ('mail', '{}'), ('webhook', '"x"'), ('step', 'null'))
                AS d (topic, payload)
            """
        )
        let items = try database.call(ListDeadLetters.self, "{}", as: operating).items
        #expect(Set(items.map(\.topic)) == ["Old topic", "mail", "webhook", "step"])
        #expect(throws: Never.self) { try database.call(QueueStats.self, "{}", as: operating) }
    }

    /// A team whose row today's rules refuse, in a database without the tables' own checks.
    private func oldTeam() throws -> (TestDatabase, Caller, Team) {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        for table in ["nofx.teams", "nofx.team_members", "nofx.team_invites", "nofx.users"] {
            try database.dropChecks(of: table)
        }
        try database.rows(
            """
            UPDATE nofx.teams SET name = \(Self.name), slug = 'Über_uns', billing_email = 'no address', settings = '[1]'
            WHERE id = \(team.id)
            """
        )
        return (database, owner, team)
    }
}

extension TestDatabase {
    /// Drops all check constraints of a table.
    fileprivate func dropChecks(of table: String) throws {
        var connection = try connect()
        _ = try connection.transact(
            [
                "SELECT set_config('nofx.test_table', \(table), true)",
                """
                DO $$
                DECLARE
                    v_name name;
                BEGIN
                    FOR v_name IN SELECT conname FROM pg_constraint
                        WHERE conrelid = current_setting('nofx.test_table')::regclass AND contype = 'c'
                    LOOP
                        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', current_setting('nofx.test_table'), v_name);
                    END LOOP;
                END
                $$
                """,
            ],
            deadline: .test
        )
    }
}
