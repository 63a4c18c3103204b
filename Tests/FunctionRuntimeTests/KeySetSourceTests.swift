import Base
import Core
import Cryptography
import Postgres
import TestSupport
import Testing

@testable import FunctionRuntime

/// When the keys come from memory, from the database or from the issuer.
///
/// Tests move the stored times and do not wait.
struct KeySetSourceTests {
    private let now = Timestamp.now()

    /// One process, with its own copy of the keys.
    private struct Process {
        let database: TestDatabase
        let lines = TestSupport.LogLines()
        var source: KeySetSource

        init(_ database: TestDatabase, _ issuer: KeyServer) throws {
            self.database = database
            source = KeySetSource(try #require(KeySetURL(issuer.url)))
        }

        /// Whether a key id is known; otherwise it throws the refusal.
        mutating func knows(_ key: String, at now: Timestamp) throws -> Bool {
            let header = Base64.encodeURL(Array(#"{"alg":"ES256","kid":"\#(key)"}"#.utf8))
            let token = try SignedToken(Array("\(header).e30.AAAA".utf8))
            var context = try database.context(for: nil, log: lines.log)
            return try source.keys(for: token, now: now, in: &context).knowsKey(of: token)
        }
    }

    @Test func `keys are fetched once and are stored for the next process`() throws {
        let (key, database) = (try SigningKey(.es256, id: "one"), try TestDatabase())
        try KeyServer.run(key) { (issuer) throws in
            for _ in 0..<3 {
                var process = try Process(database, issuer)
                #expect(try process.knows("one", at: now))
            }
            #expect(try issuer.requests() == 1)
            #expect(try database.value("SELECT keys FROM nofx.key_sets", as: String.self) == SigningKey.set([key]))
        }
    }

    @Test func `a process uses its own copy for five minutes`() throws {
        let database = try TestDatabase()
        try KeyServer.run(SigningKey(.es256, id: "one")) { (issuer) throws in
            var process = try Process(database, issuer)
            #expect(try process.knows("one", at: now))

            let keys = SigningKey.set([try SigningKey(.es256, id: "two")])
            try database.rows("UPDATE nofx.key_sets SET keys = \(keys), fetched_at = fetched_at + interval '1 ms'")
            #expect(try process.knows("one", at: now + .seconds(299)))
            #expect(try !process.knows("one", at: now + .seconds(300)))
            #expect(try process.knows("two", at: now + .seconds(300)))
            // A clock that was set back does not make a copy younger.
            #expect(try process.knows("two", at: now))
        }
    }

    @Test func `a young copy needs no database, and an unchanged version is not read again`() throws {
        let database = try TestDatabase()
        try KeyServer.run(SigningKey(.es256, id: "one")) { (issuer) throws in
            var process = try Process(database, issuer)
            #expect(try process.knows("one", at: now))

            try database.rows("UPDATE nofx.key_sets SET keys = 'unreadable'")
            #expect(try process.knows("one", at: now + .seconds(300)))
            try database.rows("ALTER TABLE nofx.key_sets RENAME TO away")
            #expect(try process.knows("one", at: now + .seconds(599)))
            #expect(Refusal.of { try process.knows("one", at: now + .seconds(600)) } != nil)
            #expect(Refusal.of { try process.knows("other", at: now + .seconds(599)) } != nil)
        }
    }

    @Test func `keys are fetched again after an hour, and withdrawn keys are gone`() throws {
        let database = try TestDatabase()
        let keys = try ["one", "two"].map { try SigningKey(.es256, id: $0) }
        try KeyServer.run(keys[0], keys[1]) { (issuer) throws in
            var process = try Process(database, issuer)
            #expect(try process.knows("one", at: now))
            try issuer.publish(keys[1])

            try database.age(to: "50 minutes")
            var young = try Process(database, issuer)
            #expect(try young.knows("one", at: now))
            #expect(try issuer.requests() == 1)

            try database.age(to: "1 hour")
            var old = try Process(database, issuer)
            #expect(try !old.knows("one", at: now))
            #expect(try old.knows("two", at: now))
            #expect(try issuer.requests() == 2)
        }
    }

    @Test func `an unknown key id is fetched at most once a minute by all processes together`() throws {
        let database = try TestDatabase()
        let keys = try ["one", "two"].map { try SigningKey(.es256, id: $0) }
        try KeyServer.run(keys[0]) { (issuer) throws in
            var process = try Process(database, issuer)
            #expect(try process.knows("one", at: now))
            try issuer.publish(keys[0], keys[1])

            for number in 0..<10 {
                var other = try Process(database, issuer)
                #expect(try !other.knows("made up \(number)", at: now))
                #expect(try !process.knows("two", at: now))
            }
            #expect(try issuer.requests() == 1)

            try database.setAttempt("20 seconds")
            #expect(try !process.knows("two", at: now))
            try database.setAttempt("1 minute")
            #expect(try process.knows("two", at: now))
            #expect(try issuer.requests() == 2)
        }
    }

    @Test(arguments: [
        (KeyServer.Mode.fail, "status"), (.redirect, "status"), (.large, "tooLarge"), (.html, "malformedSet"),
        (.hang, "timeout"), (.cut, "connectionLost"),
    ])
    func `after an invalid answer of the issuer the old keys stay in use`(mode: KeyServer.Mode, reason: String) throws {
        let database = try TestDatabase()
        try KeyServer.run(SigningKey(.es256, id: "one")) { (issuer) throws in
            var before = try Process(database, issuer)
            #expect(try before.knows("one", at: now))
            try database.age(to: "400 days")
            try issuer.answer(mode)

            var process = try Process(database, issuer)
            #expect(try process.knows("one", at: now))
            #expect(try issuer.requests() == 2)
            let warnings = process.lines.containing("keys.fetch_failed")
            #expect(warnings.count == 1)
            #expect(warnings.first?.contains(#""level":"warning""#) == true)
            #expect(warnings.first?.contains(#""reason":"\#(reason)""#) == true, "\(warnings)")

            // The next process does not fetch. A minute later a valid answer is accepted.
            var next = try Process(database, issuer)
            #expect(try next.knows("one", at: now))
            #expect(try issuer.requests() == 2)
            try issuer.answer(.serve)
            try database.setAttempt("1 minute")
            var last = try Process(database, issuer)
            #expect(try last.knows("one", at: now))
            #expect(try issuer.requests() == 3)
            #expect(last.lines.all.isEmpty)
        }
    }

    @Test func `a fetch ends at the call's deadline`() throws {
        try KeyServer.run(SigningKey(.es256, id: "one")) { (issuer) throws in
            try issuer.answer(.hang)
            let url = try #require(KeySetURL(issuer.url))
            let deadline = Deadline.after(.milliseconds(200))
            let failure = #expect(throws: KeySetURL.FetchFailure.self) { try url.fetch(until: deadline) }

            #expect(failure?.reason == "timeout")
            #expect(deadline.remaining < .milliseconds(2))
        }
    }

    @Test func `without any keys calls get 503, and no process fetches again for a minute`() throws {
        let database = try TestDatabase()
        try KeyServer.run(SigningKey(.es256, id: "one")) { (issuer) throws in
            try issuer.answer(.fail)
            for _ in 0..<5 {
                var process = try Process(database, issuer)
                #expect(Refusal.of { try process.knows("one", at: now) } == "503 keys_unavailable")
            }
            #expect(try issuer.requests() == 1)
        }
    }

    @Test func `unreadable stored keys are treated as missing`() throws {
        let database = try TestDatabase()
        try KeyServer.run(SigningKey(.es256, id: "one")) { (issuer) throws in
            try database.rows(
                """
                INSERT INTO nofx.key_sets VALUES
                    (\(issuer.url), '{"keys":[{"kty":"new"}]}', now(), now() - interval '1 minute')
                """
            )
            var process = try Process(database, issuer)

            #expect(try process.knows("one", at: now))
            #expect(process.lines.containing("keys.unreadable").count == 1)
        }
    }

    @Test func `an answer that arrives after another process fetched is discarded`() throws {
        let database = try TestDatabase()
        try KeyServer.run(SigningKey(.es256, id: "one")) { (issuer) throws in
            let url = try #require(KeySetURL(issuer.url))
            var context = try database.context(for: nil)
            let late = try #require(try context.claimFetch(of: url))
            #expect(try context.claimFetch(of: url) == nil)
            try database.setAttempt("1 minute")
            let claim = try #require(try context.claimFetch(of: url))

            #expect(context.store("new", at: url, claim) != nil)
            #expect(context.store("old", at: url, late) == nil)
            #expect(try context.storedKeySet(at: url, besides: nil).json == "new")
        }
    }

    @Test func `of many processes without keys one fetches, and the others get Retry-After`() throws {
        let database = try TestDatabase()
        try KeyServer.run(SigningKey(.es256, id: "one")) { (issuer) throws in
            let url = issuer.url
            let claims = try runConcurrently(16) { _, barrier in
                var context = try database.context(for: nil)
                let url = try #require(KeySetURL(url))
                _ = try context.storedKeySet(at: url, besides: nil)
                barrier()
                return try context.claimFetch(of: url)
            }

            #expect(claims.compactMap(\.self).count == 1)
        }
    }
}

extension TestDatabase {
    /// Sets the age of all keys and of the last fetch.
    fileprivate func age(to interval: String) throws {
        try rows(
            """
            UPDATE nofx.key_sets SET fetched_at = clock_timestamp() - \(interval)::text::interval,
                                     tried_at = clock_timestamp() - \(interval)::text::interval
            """
        )
    }

    /// Sets the age of the last fetch.
    fileprivate func setAttempt(_ interval: String) throws {
        try rows("UPDATE nofx.key_sets SET tried_at = clock_timestamp() - \(interval)::text::interval")
    }
}

extension Refusal {
    /// The status and code of a refusal; nil if there is none.
    fileprivate static func of(_ body: () throws -> Bool) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return Refusal(error).description
        }
    }
}
