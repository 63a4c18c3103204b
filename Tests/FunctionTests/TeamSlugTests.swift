import Base
import Core
import Postgres
import Teams
import TestSupport
import Testing

@testable import nofx

@Suite struct TeamSlugTests {
    // Cases: teams 14, 15, 16, 17
    @Test(arguments: [
        ("My Team!", "my-team"), ("--Acme--", "acme"), ("Ünïcödé Straße", "unicode-strasse"), ("日本語", "team"),
        ("🚀💥", "team-"), ("Ａｃｍｅ", "acme"), ("Łódź Ærø Þór", "lodz-aero-thor"), ("a.b_c/d", "a-b-c-d"),
        ("Admin", "admin-"), ("null", "null-"), ("İstanbul", "istanbul"),
    ])
    func `a slug is derived from the name`(_ name: String, _ expected: String) throws {
        // "team" is reserved. A name without ASCII letters or digits therefore gets "team" with a suffix.
        let slug = try TestDatabase().team(name, of: .stranger()).slug.rawValue
        let takesSuffix = expected.hasSuffix("-") || expected == "team"
        if takesSuffix {
            let stem = expected.hasSuffix("-") ? expected : expected + "-"
            #expect(slug.hasPrefix(stem))
            #expect(slug.utf8.count == stem.utf8.count + 6)
        } else {
            #expect(slug == expected)
        }
    }

    // Cases: teams 16
    @Test func `a long name gives a slug of 48 characters without hyphens at its ends`() throws {
        let database = try TestDatabase()
        let name = String(repeating: "a", count: 47) + " " + String(repeating: "b", count: 52)
        #expect(try database.team(name, of: .stranger()).slug.rawValue == String(repeating: "a", count: 47))
    }

    @Test func `every character in a name gives a valid slug`() throws {
        let count: Int = try TestDatabase().value(
            """
            SELECT count(*) FROM generate_series(1, 65535) AS n
            WHERE n NOT BETWEEN 55296 AND 57343
              AND nofx.slugify('-' || chr(n) || '9') !~ '^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$'
            """
        )
        #expect(count == 0)
    }

    @Test func `a slug chosen by the caller is stored unchanged`() throws {
        let database = try TestDatabase()
        let team = try database.call(CreateTeam.self, #"{"name":"Acme","slug":"a-1"}"#, as: .stranger())
        #expect(team.slug.rawValue == "a-1")
    }

    @Test(arguments: ["", "-", "a-", "-a", "A", "ä", "a b", "a_b", "a/../b", String(repeating: "a", count: 64)])
    func `an invalid slug is rejected`(_ slug: String) throws {
        let input = #"{"name":"Acme","slug":"\#(slug)"}"#
        #expect(try TestDatabase().refusal(of: CreateTeam.self, input, as: .stranger()) == "422 validation_failed")
    }

    // Cases: teams 19
    @Test(arguments: ["acme", "admin", "nofx"])
    func `a slug that is taken or reserved is rejected`(_ slug: String) throws {
        let database = try TestDatabase()
        _ = try database.team("Acme", of: .stranger())
        let input = #"{"name":"Acme","slug":"\#(slug)"}"#
        #expect(database.refusal(of: CreateTeam.self, input, as: .stranger()) == "409 slug_taken")
        #expect(try database.countOfTeams() == 1)
    }

    @Test func `a derived slug gets a suffix if it is taken`() throws {
        let database = try TestDatabase()
        let first = try database.team("Acme", of: .stranger())
        let second = try database.team("Acme", of: .stranger())
        #expect(first.slug.rawValue == "acme")
        #expect(second.slug.rawValue.hasPrefix("acme-"))
        #expect(second.slug.rawValue.utf8.count == 11)
    }

    // Cases: teams 20
    @Test func `the slug of a deleted team can be used again`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team("Acme", of: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        let input = #"{"name":"Acme","slug":"acme"}"#
        #expect(try database.call(CreateTeam.self, input, as: .stranger()).slug.rawValue == "acme")
        #expect(try database.team("Acme", of: .stranger()).slug.rawValue.hasPrefix("acme-"))
    }

    // Cases: teams 18
    @Test func `32 concurrent teams with the same name all get a slug of their own`() throws {
        let database = try TestDatabase()
        let outcomes = database.race(CreateTeam.self, (0..<32).map { _ in (.stranger(), #"{"name":"Acme"}"#) })
        #expect(outcomes.tally() == ["ok": 32])
        let slugs = Set(try outcomes.map { try $0.get().slug.rawValue })
        #expect(slugs.count == 32)
        #expect(slugs.contains("acme"))
        #expect(slugs.allSatisfy { $0 == "acme" || $0.hasPrefix("acme-") })
        #expect(try database.value("SELECT count(*) FROM nofx.team_members WHERE role = 'owner'") == 32)
    }

    // Cases: teams 19
    @Test func `of 32 concurrent teams with the same chosen slug one succeeds`() throws {
        let database = try TestDatabase()
        let input = #"{"name":"Acme","slug":"the-one"}"#
        let outcomes = database.race(CreateTeam.self, (0..<32).map { _ in (.stranger(), input) })
        #expect(outcomes.tally() == ["ok": 1, "409 slug_taken": 31])
        #expect(try database.countOfTeams() == 1)
    }
}
