import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct RevokeAPIKeyTests {
    @Test func `a revoked key is rejected from then on`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let key = try database.key(of: owner)
        let other = try database.key(of: owner, "Other")
        let revoked = try database.call(RevokeAPIKey.self, key.reference, as: owner)

        #expect(revoked.id == key.id)
        #expect(revoked.revokedAt != nil)
        #expect(throws: Problem.self) { try database.caller(with: key.key.reveal()) }
        #expect(throws: Never.self) { try database.caller(with: other.key.reveal()) }
    }

    @Test func `a second revocation changes nothing and gets the same answer`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let key = try database.key(of: owner, team: team)
        let first = try database.call(RevokeAPIKey.self, key.reference, as: owner)
        let second = try database.call(RevokeAPIKey.self, key.reference, as: owner)

        #expect(first.jsonBytes == second.jsonBytes)
        #expect(try database.activity(of: team.id).map(\.action) == ["team.created", "key.created", "key.revoked"])
    }

    @Test func `the revocation is recorded in the audit trail of the key's team`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let key = try database.key(of: owner, "CI", team: team)
        try database.call(RevokeAPIKey.self, key.reference, as: owner)
        let entry = try #require(database.activity(of: team.id).last)

        #expect(entry.action == "key.revoked")
        #expect(entry.teamName == "Acme")
        #expect(entry.actor == owner.user)
        #expect(entry.resource == key.id.rawValue)
        #expect(entry.metadata == #"{"name": "CI"}"#)
        #expect(try database.countOfTables(with: key.secret) == 0)
    }

    @Test func `32 concurrent revocations all succeed, and the key is revoked once`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let key = try database.key(of: owner, team: team)
        let outcomes = database.race(RevokeAPIKey.self, (0..<32).map { _ in (owner, key.reference) })

        #expect(outcomes.tally() == ["ok": 32])
        #expect(Set(try outcomes.map { try $0.get().revokedAt }).count == 1)
        #expect(try database.activity(of: team.id).count == 3)
    }

    @Test func `an expired key can be revoked`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let key = try database.key(of: owner)
        try database.rows("UPDATE nofx.api_keys SET expires_at = now() - interval '1 day'")
        #expect(try database.call(RevokeAPIKey.self, key.reference, as: owner).revokedAt != nil)
    }

    @Test func `another user's key is reported like an unknown one`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let key = try database.key(of: owner, team: team)
        let admin = try database.member(of: team, as: .admin)

        for caller in [Caller.stranger(), admin] {
            #expect(database.refusal(of: RevokeAPIKey.self, key.reference, as: caller) == "404 key_not_found")
        }
        let unknown = #"{"keyId":"\#(KeyID.make())"}"#
        #expect(database.refusal(of: RevokeAPIKey.self, unknown, as: owner) == "404 key_not_found")
        #expect(throws: Never.self) { try database.caller(with: key.key.reveal()) }
    }

    @Test func `a former member can revoke the key for the team`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let member = try database.member(of: team, as: .member)
        let key = try database.key(of: member, team: team)
        try database.rows("DELETE FROM nofx.team_members WHERE user_id = \(member.user)")

        #expect(try database.call(RevokeAPIKey.self, key.reference, as: member).revokedAt != nil)
        #expect(try database.activity(of: team.id).last?.action == "key.revoked")
    }

    @Test func `a key with the scope admin revokes keys, itself included, and other keys do not`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let own = try database.key(of: owner, "Own", scopes: [.admin])
        let target = try database.key(of: owner, "Target")
        let weak = try database.keyHolder(for: owner, [.read, .write, .delete])
        let bound = try database.keyHolder(for: owner, .ofMembers, team: team)
        let strong = try database.caller(with: own.key.reveal())

        for holder in [weak, bound] {
            #expect(database.refusal(of: RevokeAPIKey.self, target.reference, as: holder) == "403 insufficient_scope")
        }
        #expect(database.refusal(of: RevokeAPIKey.self, target.reference, as: strong) == nil)
        #expect(database.refusal(of: RevokeAPIKey.self, own.reference, as: strong) == nil)
        #expect(throws: Problem.self) { try database.caller(with: own.key.reveal()) }
    }

    @Test(arguments: [
        "{}", #"{"keyId":""}"#, #"{"keyId":null}"#, #"{"keyId":"0123456789a-"}"#, #"{"keyId":["0123456789ab"]}"#,
        #"{"keyId":"nofx_live_0123456789ab"}"#,
    ])
    func `an invalid key id is rejected`(input: String) throws {
        let problem = #expect(throws: Problem.self) {
            try TestDatabase().call(RevokeAPIKey.self, input, as: .stranger())
        }
        #expect(problem?.violations.map(\.field) == ["keyId"])
    }
}
