import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// Authentication with an API key.
@Suite struct APIKeyCredentialTests {
    @Test func `a key authenticates its user, with its scopes and its team`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger(email: "owner@example.com")
        let team = try database.team(of: owner)
        let key = try database.key(of: owner, scopes: [.read, .delete], team: team)
        let holder = try database.caller(with: key.key.reveal())

        #expect(holder.user == owner.user)
        #expect(holder.issuer == owner.issuer)
        #expect(holder.subject == owner.subject)
        #expect(holder.email == nil)
        #expect(holder.credential == "key:\(key.id)")
        #expect(holder.scopes == [.read, .delete])
        #expect(holder.team == team.id.uuid)
    }

    @Test func `a key that nobody has writes nothing and takes no lock`() throws {
        let database = try TestDatabase()
        let key = try database.key(of: .stranger())
        let unknown = try APIKey(APIKey.make(for: .live).text, for: .live)
        var connection = try database.connect()
        let found = try connection.transact(
            ["SELECT count(*) FROM nofx.find_api_key(\(unknown.id), \(unknown.secretHash), '::1')"],
            access: .readOnly,
            deadline: .test
        )
        #expect(try found[0].value(as: Int.self) == 0)
        // A key whose row is locked is taken all the same; its last use is not stored then.
        var other = try database.connect()
        _ = try other.begin(
            ["SELECT FROM nofx.api_keys WHERE id = \(key.id) FOR UPDATE"],
            limits: .none,
            deadline: .test
        )
        #expect(try database.caller(with: key.key.reveal()).credential == "key:\(key.id)")
    }

    // Cases: teams 150
    @Test func `all invalid keys get the same answer, and the log has the reason`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let keys = try (0..<4).map { try database.key(of: owner, "Key \($0)") }
        let other = try database.key(of: .stranger())
        try database.rows("UPDATE nofx.api_keys SET revoked_at = now() WHERE id = \(keys[0].id)")
        try database.rows("UPDATE nofx.api_keys SET expires_at = now() WHERE id = \(keys[1].id)")
        try database.rows("UPDATE nofx.users SET disabled_at = now() WHERE id <> \(owner.user)")
        let unknown = APIKey.make(for: .live).text
        for (text, reason) in [
            (keys[0].key.reveal(), "not_live"), (keys[1].key.reveal(), "not_live"), (other.key.reveal(), "not_live"),
            (unknown, "unknown"), (forged(keys[2], secret: unknown), "unknown"),
            (forged(keys[0], secret: unknown), "unknown"),
            (String(keys[2].key.reveal().dropLast()) + "_", "malformed"),
            (String(keys[2].key.reveal().dropLast(6)) + "000000", "wrong_checksum"),
            (APIKey.make(for: .test).text, "other_environment"),
        ] {
            let log = LogLines()
            let problem = #expect(throws: Problem.self) { try database.caller(with: text, log: log.log) }
            #expect(problem?.status == 401)
            #expect(problem?.code == "invalid_api_key")
            #expect(problem?.detail == "The API key is not valid.")
            #expect(log.all.count == 1)
            #expect(log.containing("key.refused").count == 1)
            #expect(log.containing(#""reason":"\#(reason)""#).count == 1, "\(log.all)")
            #expect(log.containing(String(text.suffix(49).prefix(43))).isEmpty)
        }
        #expect(throws: Never.self) { try database.caller(with: keys[3].key.reveal()) }
    }

    @Test func `a key is for the environment that it was made in, whatever its text says`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        for (made, other) in [(KeyEnvironment.test, KeyEnvironment.live), (.live, .test)] {
            var quotas = Quotas()
            quotas.keyEnvironment = made
            let key = try database.call(CreateAPIKey.self, draft("\(made)"), as: owner, quotas: quotas)
            let relabelled = forged(key, secret: key.key.reveal(), in: other)
            #expect(throws: Never.self) { try APIKey(relabelled, for: other) }
            for environment in [made, other] {
                #expect(throws: Problem.self) { try database.caller(with: relabelled, in: environment) }
            }
            #expect(
                try database.value("SELECT last_used_at FROM nofx.api_keys WHERE id = \(key.id)", as: Timestamp?.self)
                    == nil
            )
            #expect(try database.caller(with: key.key.reveal(), in: made).user == owner.user)
            // Whoever lists and revokes keys sees each key's environment, not that of the process.
            for environment in KeyEnvironment.allCases {
                quotas.keyEnvironment = environment
                let listed = try database.call(ListAPIKeys.self, "{}", as: owner, quotas: quotas).items
                #expect(listed.first { $0.id == key.id }?.prefix == "nofx_\(made)_\(key.id)")
                let revoked = try database.call(RevokeAPIKey.self, key.reference, as: owner, quotas: quotas)
                #expect(revoked.prefix == "nofx_\(made)_\(key.id)")
            }
        }
    }

    @Test func `a key ends by the database's clock, to the microsecond`() throws {
        let database = try TestDatabase()
        let key = try database.key(of: .stranger())
        try database.rows("UPDATE nofx.api_keys SET expires_at = now() + interval '1 hour'")
        #expect(throws: Never.self) { try database.caller(with: key.key.reveal()) }
        try database.rows("UPDATE nofx.api_keys SET expires_at = now()")
        #expect(throws: Problem.self) { try database.caller(with: key.key.reveal()) }
    }

    @Test func `the last use is recorded at most once a minute, and only for the right secret`() throws {
        let database = try TestDatabase()
        let key = try database.key(of: .stranger())
        func lastUse() throws -> Timestamp? { try database.value("SELECT last_used_at FROM nofx.api_keys") }
        func age(by seconds: Int) throws {
            try database.rows("UPDATE nofx.api_keys SET last_used_at = now() - \(seconds) * interval '1 second'")
        }

        let other = APIKey.make(for: .live).text
        #expect(throws: Problem.self) { try database.caller(with: forged(key, secret: other)) }
        #expect(try lastUse() == nil)
        _ = try database.caller(with: key.key.reveal())
        let first = try #require(try lastUse())
        _ = try database.caller(with: key.key.reveal())
        #expect(try lastUse() == first)
        try age(by: 30)
        let recent = try #require(try lastUse())
        _ = try database.caller(with: key.key.reveal())
        #expect(try lastUse() == recent)
        try age(by: 61)
        let old = try #require(try lastUse())
        _ = try database.caller(with: key.key.reveal())
        #expect(try #require(try lastUse()) > old)
        #expect(try database.value("SELECT last_used_ip FROM nofx.api_keys") == "192.0.2.1")
    }

    @Test func `32 concurrent calls with one key all succeed, and the use is recorded once`() throws {
        let database = try TestDatabase()
        let key = try database.key(of: .stranger()).key.reveal()
        try database.countChangesOfKeys()
        let callers = try runConcurrently(32) { _, barrier in
            barrier()
            return try database.caller(with: key).credential
        }
        #expect(Set(callers).count == 1)
        #expect(try database.value("SELECT count(*) FROM public.changes_of_keys") == 1)
    }

    @Test func `a user who is disabled during a call is rejected by its statement`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let holder = try database.keyHolder(for: owner, .ofMembers)
        try database.rows("UPDATE nofx.users SET disabled_at = now()")
        let changes = team.changes(#""name":"Zenith""#)
        #expect(database.refusal(of: UpdateTeam.self, changes, as: holder) == "401 invalid_token")
    }

    /// A key with the identifier of one and the secret of another.
    private func forged(_ key: NewKey, secret other: String, in environment: KeyEnvironment = .live) -> String {
        let body = "nofx_\(environment)_\(key.id)_\(other.suffix(49).prefix(43))"
        return body + String(decoding: Base62.encode(CRC32.checksum(body.utf8)), as: UTF8.self)
    }
}

extension TestDatabase {
    /// Records each write to `nofx.api_keys` in `public.changes_of_keys`.
    fileprivate func countChangesOfKeys() throws {
        try rows("CREATE TABLE public.changes_of_keys (id text)")
        try rows(
            """
            CREATE FUNCTION public.count_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO public.changes_of_keys VALUES (NEW.id);
                RETURN NEW;
            END
            $$
            """
        )
        try rows(
            """
            CREATE TRIGGER count_change AFTER UPDATE ON nofx.api_keys
            FOR EACH ROW EXECUTE FUNCTION public.count_change()
            """
        )
    }
}
