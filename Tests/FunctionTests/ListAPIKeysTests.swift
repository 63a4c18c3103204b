import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct ListAPIKeysTests {
    @Test func `the caller's keys are listed newest first, without secrets`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let team = try database.team(of: caller)
        let first = try database.key(of: caller, "First", scopes: [.read])
        let second = try database.key(of: caller, "Second", scopes: [.admin], team: team)
        _ = try database.key(of: .stranger(), "Other")
        let page = try database.call(ListAPIKeys.self, "{}", as: caller)

        #expect(page.items.map(\.id) == [second.id, first.id])
        #expect(page.items.map(\.name.rawValue) == ["Second", "First"])
        #expect(page.items.map(\.scopes) == [[.admin], [.read]])
        #expect(page.items.map(\.team) == [team.id, nil])
        #expect(page.items.map(\.expiresAt) == [second.expiresAt, first.expiresAt])
        #expect(page.items.allSatisfy { $0.revokedAt == nil && $0.lastUsedAt == nil && $0.lastUsedIP == nil })
        #expect(page.nextCursor == nil)
        for (item, key) in zip(page.items, [second, first]) {
            #expect(item.prefix == "nofx_live_\(key.id)")
            #expect(key.key.reveal().hasPrefix(item.prefix))
        }
        let text = String(decoding: page.jsonBytes, as: UTF8.self)
        let hash = Hexadecimal.encode(try APIKey(first.key.reveal(), for: .live).secretHash)
        for secret in [first.secret, second.secret, hash] { #expect(!text.contains(secret)) }
    }

    @Test func `the last use and the end of a key are listed`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let key = try database.key(of: caller)
        _ = try database.caller(with: key.key.reveal())
        let revoked = try database.call(RevokeAPIKey.self, key.reference, as: caller)
        let item = try #require(database.call(ListAPIKeys.self, "{}", as: caller).items.first)

        #expect(item.lastUsedAt != nil)
        #expect(item.lastUsedIP == "192.0.2.1")
        #expect(item.revokedAt == revoked.revokedAt)
        #expect(item.revokedAt != nil)
    }

    @Test func `a new user has no keys`() throws {
        #expect(try TestDatabase().call(ListAPIKeys.self, "{}", as: .stranger()).items.isEmpty)
    }

    @Test func `a team's key lists only the team's keys, and needs the scope read`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (first, second) = (try database.team("First", of: owner), try database.team("Second", of: owner))
        _ = try database.key(of: owner, "Second", team: second)
        _ = try database.key(of: owner, "Any")
        let bound = try database.keyHolder(for: owner, [.read], team: first)
        let free = try database.keyHolder(for: owner, [.read])
        let writer = try database.keyHolder(for: owner, [.write, .delete, .admin])

        #expect(try database.call(ListAPIKeys.self, "{}", as: bound).items.map(\.team) == [first.id])
        #expect(try database.call(ListAPIKeys.self, "{}", as: free).items.count == 5)
        #expect(database.refusal(of: ListAPIKeys.self, "{}", as: writer) == "403 insufficient_scope")
    }

    // Cases: teams 45
    @Test(arguments: [100, 99, 50, 7])
    func `250 keys are paged without gaps or repetitions, also with equal times`(limit: Int) throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        try database.fill(250, for: caller)
        var (found, cursor): ([KeyID], Cursor?) = ([], nil)
        repeat {
            let page = try database.call(ListAPIKeys.self, request(limit: limit, cursor), as: caller)
            found += page.items.map(\.id)
            cursor = page.nextCursor
        } while cursor != nil && found.count <= 250
        let expected: [String] = try database.value(
            "SELECT array_agg(id ORDER BY created_at DESC, id DESC) FROM nofx.api_keys WHERE user_id = \(caller.user)"
        )
        #expect(found.map(\.rawValue) == expected)
    }

    @Test func `a cursor of another user's list is rejected`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        try database.fill(3, for: caller)
        let cursor = try #require(database.call(ListAPIKeys.self, #"{"limit":1}"#, as: caller).nextCursor)
        let input = request(limit: 1, cursor)
        #expect(database.refusal(of: ListAPIKeys.self, input, as: .stranger()) == "422 invalid_cursor")
        #expect(database.refusal(of: ListAPIKeys.self, input, as: caller) == nil)
    }

    @Test(arguments: [
        ["listTeams", "1", "0123456789ab"], ["listApiKeys", "yesterday", "0123456789ab"], ["listApiKeys", "1"],
        ["listApiKeys", "1", "' OR true --"], ["listApiKeys", "1", "0123456789ab", "more"],
        ["listApiKeys", "9223372036854775807", "0123456789ab"], ["listApiKeys", "-1", "0123456789ab"],
    ])
    func `a cursor that this list did not issue is rejected`(content: [String]) throws {
        let caller = Caller.stranger()
        let cursor = Cursor(list: content[0], binding: caller.user.description, keys: Array(content.dropFirst()))
        let input = request(limit: 1, cursor)
        #expect(try TestDatabase().refusal(of: ListAPIKeys.self, input, as: caller) == "422 invalid_cursor")
    }

    @Test(arguments: [#"{"limit":0}"#, #"{"limit":101}"#, #"{"cursor":""}"#, #"{"teamId":"x"}"#])
    func `an invalid request is rejected`(input: String) throws {
        #expect(
            try TestDatabase().refusal(of: ListAPIKeys.self, input, as: .stranger()) == "422 validation_failed"
        )
    }
}

extension TestDatabase {
    /// Gives a new user many keys, ten with each creation time.
    fileprivate func fill(_ count: Int, for caller: Caller) throws {
        try rows(
            """
            INSERT INTO nofx.users (id, issuer, subject) VALUES (\(caller.user), \(caller.issuer), \(caller.subject))
            """
        )
        try rows(
            """
            INSERT INTO nofx.api_keys (id, user_id, name, secret_hash, scopes, created_at)
            SELECT left(translate(encode(sha256(n::text::bytea), 'base64'), '+/=', 'xyz'), 12), \(caller.user),
                   'Key ' || n, sha256(n::text::bytea), '{read}', now() - interval '1 second' * (n / 10)
            FROM generate_series(1, \(count)) AS n
            """
        )
    }
}

/// The input that requests a page.
private func request(limit: Int, _ cursor: Cursor?) -> String {
    var json = JSONWriter()
    json.object { json in
        json.member("limit", limit)
        json.member("cursor", cursor)
    }
    return String(decoding: json.bytes, as: UTF8.self)
}
