import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct CreateAPIKeyTests {
    @Test func `a key is created, shown once and stored as a hash`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let made = try database.call(CreateAPIKey.self, draft(" CI ", scopes: [.write, .read]), as: caller)
        let key = try APIKey(made.key.reveal(), for: .live)

        #expect(made.id == key.id)
        #expect(made.name.rawValue == "CI")
        #expect(made.scopes == [.read, .write])
        #expect(made.team == nil)
        #expect(made.expiresAt == made.createdAt + .seconds(90 * 86_400))
        #expect(try database.value("SELECT secret_hash FROM nofx.api_keys WHERE id = \(key.id)") == key.secretHash)
        #expect(try database.countOfTables(with: made.id.rawValue) == 1)
        #expect(try database.countOfTables(with: made.secret) == 0)
    }

    @Test(arguments: [1, 90, 366])
    func `a key expires after the requested number of days`(days: Int) throws {
        let made = try TestDatabase().call(
            CreateAPIKey.self,
            draft("CI", more: #","expiresInDays":\#(days)"#),
            as: .stranger()
        )
        #expect(made.expiresAt == made.createdAt + .seconds(days * 86_400))
    }

    @Test(arguments: [
        (#"{"name":"","scopes":["read"]}"#, ["name"]), (#"{"name":"a\u0007","scopes":["read"]}"#, ["name"]),
        (#"{"name":"\#(String(repeating: "x", count: 101))","scopes":["read"]}"#, ["name"]),
        (#"{"name":7,"scopes":"read"}"#, ["name", "scopes"]),
        (#"{"name":"CI","scopes":["read"],"teamId":"x","expiresInDays":"90"}"#, ["expiresInDays", "teamId"]),
        (#"{"name":"CI","scopes":[]}"#, ["scopes"]), (#"{"name":"CI","scopes":["read","read"]}"#, ["scopes"]),
        (#"{"name":"CI","scopes":["read","write","delete","admin","read"]}"#, ["scopes"]),
        (#"{"name":"CI","scopes":["READ"]}"#, ["scopes[0]"]),
        (#"{"name":"CI","scopes":["read","root"]}"#, ["scopes[1]"]),
        (#"{"name":"CI","scopes":[null]}"#, ["scopes[0]"]), (#"{"name":"CI","scopes":null}"#, ["scopes"]),
        (#"{"name":"CI","scopes":["read"],"expiresInDays":0}"#, ["expiresInDays"]),
        (#"{"name":"CI","scopes":["read"],"expiresInDays":367}"#, ["expiresInDays"]),
        (#"{"name":"CI","scopes":["read"],"expiresInDays":1.5}"#, ["expiresInDays"]),
        (#"{"name":"CI","scopes":["read"],"userId":"x","key":"x"}"#, ["key", "userId"]), ("{}", ["name", "scopes"]),
    ])
    func `all violations in an input are reported`(input: String, fields: [String]) throws {
        let problem = #expect(throws: Problem.self) {
            try TestDatabase().call(CreateAPIKey.self, input, as: .stranger())
        }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == fields)
    }

    @Test(arguments: [
        ("caf\u{E9}", "cafe\u{301}"), ("❤", "❤\u{FE0F}"), ("\u{212B}", "\u{C5}"),
        ("ㅎㅏㄴ한", "ㅎㅏㄴ\u{1112}\u{1161}\u{11AB}"),
    ])
    func `names that look the same are the same`(name: String, other: String) throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let first = try database.key(of: caller, name)
        #expect(database.refusal(of: CreateAPIKey.self, draft(other), as: caller) == "409 key_name_taken")
        try database.rows("UPDATE nofx.api_keys SET expires_at = now()")
        _ = try database.key(of: caller, other)
        #expect(try database.value("SELECT revoked_at IS NOT NULL FROM nofx.api_keys WHERE id = \(first.id)") == true)
        #expect(database.refusal(of: CreateAPIKey.self, draft(name), as: caller) == "409 key_name_taken")
    }

    @Test func `a name with hidden data is refused beside the one without`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        _ = try database.key(of: caller, "dup")
        for name in [
            "dup\u{FE0F}", "d\u{200B}up", "dup\u{E0041}", "du\u{200D}p", "\u{2800}\u{2800}", "\u{FE0F}\u{FE0F}",
        ] {
            #expect(database.refusal(of: CreateAPIKey.self, draft(name), as: caller) == "422 validation_failed")
        }
    }

    @Test func `a key for a team is in the audit trail of the team, without the secret`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let viewer = try database.member(of: team, as: .viewer)
        let made = try database.key(of: viewer, "CI", scopes: [.read], team: team)
        let entry = try #require(database.activity(of: team.id).last)

        #expect(made.team == team.id)
        #expect(entry.action == "key.created")
        #expect(entry.actor == viewer.user)
        #expect(entry.resource == made.id.rawValue)
        #expect(entry.metadata == #"{"name": "CI", "scopes": ["read"]}"#)
        #expect(entry.credential == "session")
        #expect(try database.countOfTables(with: made.secret) == 0)
    }

    @Test func `a key without a team is recorded in no audit trail`() throws {
        let database = try TestDatabase()
        _ = try database.key(of: .stranger())
        #expect(try database.value("SELECT count(*) FROM nofx.team_activity") == 0)
    }

    @Test func `a deleted, foreign or unknown team is rejected`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let (deleted, other) = (try database.team(of: caller), try database.team(of: .stranger()))
        try database.call(DeleteTeam.self, deleted.reference, as: caller)
        for id in [deleted.id, other.id, .make()] {
            let denial = #expect(throws: Denial.self) {
                let input = #"{"name":"CI","scopes":["read"],"teamId":"\#(id)"}"#
                try database.call(CreateAPIKey.self, input, as: caller)
            }
            #expect(denial?.problem.code == "team_not_found")
            #expect(denial?.action.name == "key.create")
        }
        #expect(try database.value("SELECT count(*) FROM nofx.api_keys") == 0)
    }

    @Test func `a name belongs to one active key, and is free after the key has ended`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let first = try database.key(of: caller)
        #expect(database.refusal(of: CreateAPIKey.self, draft("CI"), as: caller) == "409 key_name_taken")
        #expect(database.refusal(of: CreateAPIKey.self, draft("ci"), as: caller) == nil)
        #expect(database.refusal(of: CreateAPIKey.self, draft("CI"), as: .stranger()) == nil)
        try database.call(RevokeAPIKey.self, first.reference, as: caller)
        let second = try database.key(of: caller)
        try database.expire(second)
        #expect(database.refusal(of: CreateAPIKey.self, draft("CI"), as: caller) == nil)
        #expect(try database.value("SELECT count(*) FROM nofx.api_keys WHERE name = 'CI'") == 4)
    }

    @Test func `32 concurrent calls with one name create one key`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let outcomes = database.race(CreateAPIKey.self, (0..<32).map { _ in (caller, draft("CI")) })
        #expect(outcomes.tally() == ["ok": 1, "409 key_name_taken": 31])
    }

    @Test func `32 concurrent calls create exactly as many keys as the quota allows`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        _ = try database.key(of: caller, "First")
        try database.fill(39, for: caller)
        let outcomes = database.race(CreateAPIKey.self, (0..<32).map { (caller, draft("Key \($0)")) })
        #expect(outcomes.tally() == ["ok": 10, "403 quota_exceeded": 22])
        #expect(try database.value("SELECT count(*) FROM nofx.api_keys") == 50)

        let problem = #expect(throws: Problem.self) { try database.key(of: caller, "One more") }
        #expect(problem?.members == ["quota": "keys"])
        #expect(database.refusal(of: CreateAPIKey.self, draft("One more"), as: .stranger()) == nil)
    }

    @Test func `ended keys do not count towards the quota`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let (revoked, expired) = (try database.key(of: caller, "One"), try database.key(of: caller, "Two"))
        try database.fill(48, for: caller)
        #expect(database.refusal(of: CreateAPIKey.self, draft("New"), as: caller) == "403 quota_exceeded")
        try database.call(RevokeAPIKey.self, revoked.reference, as: caller)
        #expect(database.refusal(of: CreateAPIKey.self, draft("New"), as: caller) == nil)
        try database.expire(expired)
        #expect(database.refusal(of: CreateAPIKey.self, draft("Newer"), as: caller) == nil)
        #expect(database.refusal(of: CreateAPIKey.self, draft("Newest"), as: caller) == "403 quota_exceeded")
    }

    @Test func `an API key cannot create a key, whatever its scopes`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        for holder in [
            try database.keyHolder(for: owner, .ofMembers),
            try database.keyHolder(for: owner, .ofMembers, team: team),
        ] {
            for input in [draft("Another"), draft("Another", team: team)] {
                let denial = #expect(throws: Denial.self) { try database.call(CreateAPIKey.self, input, as: holder) }
                #expect(denial?.problem.code == "session_required")
                #expect(denial?.reason == .sessionRequired)
            }
        }
        #expect(try database.value("SELECT count(*) FROM nofx.api_keys") == 2)
    }

    @Test func `a call without a credential creates no key`() throws {
        #expect(try TestDatabase().refusal(of: CreateAPIKey.self, draft("CI"), as: nil) == "401 unauthenticated")
    }
}

extension TestDatabase {
    /// Makes a key expire.
    fileprivate func expire(_ key: NewKey) throws {
        try rows("UPDATE nofx.api_keys SET expires_at = now() WHERE id = \(key.id)")
    }

    /// Gives a user more keys.
    fileprivate func fill(_ count: Int, for caller: Caller) throws {
        try rows(
            """
            INSERT INTO nofx.api_keys (id, user_id, name, secret_hash, scopes)
            SELECT lpad(n::text, 12, '0'), \(caller.user), 'Old ' || n, sha256(n::text::bytea), '{read}'
            FROM generate_series(1, \(count)) AS n
            """
        )
    }
}
