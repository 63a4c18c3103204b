import Base
import Core
import Postgres
import Teams
import TestSupport
import Testing

@testable import nofx

@Suite struct CreateTeamTests {
    // Cases: teams 1
    @Test func `the caller owns the new team`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.call(CreateTeam.self, #"{"name":"Acme"}"#, as: owner)
        #expect(team.name.rawValue == "Acme")
        #expect(team.slug.rawValue == "acme")
        #expect(team.owner == owner.user)
        #expect(team.role == .owner)
        #expect(team.permissions == [.read, .write, .delete, .admin])
        #expect(team.version == 1)
        #expect(team.billingEmail == nil)
        let rows = try database.rows("SELECT user_id, role FROM nofx.team_members WHERE team_id = \(team.id)")
        #expect(rows.count == 1)
        #expect(try rows[0]["user_id"] as ID<User> == owner.user)
        #expect(try rows[0]["role"] as Role == .owner)
        #expect(try database.call(GetTeam.self, team.reference, as: owner).id == team.id)
    }

    // Cases: teams 2
    @Test func `the billing address is the owner's unless the input names another`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger(email: "Ada@example.com")
        #expect(try database.team(of: owner).billingEmail == "Ada@example.com")
        let input = #"{"name":"Acme","billingEmail":"bills@example.com"}"#
        #expect(try database.call(CreateTeam.self, input, as: owner).billingEmail == "bills@example.com")
    }

    // Cases: teams 8, 10
    @Test(arguments: [
        ("null", Violation.Code.invalidType), ("7", .invalidType), (#"["Acme"]"#, .invalidType), (#""""#, .tooShort),
        (#""A""#, .tooShort), (#"" A ""#, .tooShort), (#""\#(String(repeating: " ", count: 1_000))""#, .tooShort),
        (#""\#(String(repeating: "a", count: 101))""#, .tooLong),
        (#""\#(String(repeating: "🚀", count: 101))""#, .tooLong),
        (#""<script>alert(1)</script>""#, .invalidCharacters), (#""a\u0007b""#, .invalidCharacters),
        (#""a\u202Eb""#, .invalidCharacters), (#""a\u2028b""#, .invalidCharacters), (#""a\nb""#, .invalidCharacters),
    ])
    func `a name with control or invisible characters is rejected`(_ name: String, _ code: Violation.Code) throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let problem = #expect(throws: Problem.self) {
            try database.call(CreateTeam.self, #"{"name":\#(name)}"#, as: caller)
        }
        #expect(problem?.status == 422)
        #expect(problem?.code == "validation_failed")
        #expect(problem?.violations.map(\.field) == ["name"])
        #expect(problem?.violations.map(\.code) == [code])
        #expect(try database.countOfTeams() == 0)
    }

    // Cases: teams 10
    @Test(arguments: [
        #"{"name":"a\u0000b"}"#, #"{"name":"a\ud800b"}"#, #"{"name":"Acme","name":"Acme"}"#, "not JSON", "",
    ])
    func `invalid JSON is rejected`(_ input: String) throws {
        let database = try TestDatabase()
        #expect(database.refusal(of: CreateTeam.self, input, as: .stranger()) == "400 malformed_json")
        #expect(try database.countOfTeams() == 0)
    }

    // Cases: teams 23
    @Test func `all violations are reported at once`() throws {
        let input = #"{"slug":"-","billingEmail":"nobody","ownerId":"x","version":7}"#
        let database = try TestDatabase()
        let problem = #expect(throws: Problem.self) { try database.call(CreateTeam.self, input, as: .stranger()) }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == ["billingEmail", "name", "ownerId", "slug", "version"])
        #expect(
            problem?.violations.map(\.code)
                == [.invalidEmail, .required, .unknownField, .invalidCharacters, .unknownField]
        )
    }

    // Cases: teams 9
    @Test func `a name has up to 100 Unicode scalars of any size`() throws {
        let database = try TestDatabase()
        let name = String(repeating: "🚀", count: 100)
        #expect(try database.team(name, of: .stranger()).name.rawValue == name)
    }

    // Cases: teams 13
    @Test func `a name is stored unchanged except for surrounding white space`() throws {
        let database = try TestDatabase()
        let name = "'; DROP TABLE teams; --"
        let team = try database.team("  \(name)\\t ", of: .stranger())
        #expect(try database.value("SELECT name FROM nofx.teams WHERE id = \(team.id)") == name)
    }

    // Cases: teams 10
    @Test func `Postgres stores every name that the function accepts`() throws {
        let database = try TestDatabase()
        let refused: [Int] = try database.value(
            """
            SELECT array_agg(n::int8) FROM generate_series(1, 1114111) AS n
            WHERE n NOT BETWEEN 55296 AND 57343 AND 'a' || chr(n) || 'b' ~ '[[:cntrl:]<>]'
            """
        )
        #expect(refused.count >= 66)
        for number in refused {
            let scalar = try #require(Unicode.Scalar(UInt32(number)))
            #expect(TeamName(rawValue: "a\(scalar)b") == nil, "U+\(String(number, radix: 16))")
        }
    }

    @Test func `a call without a credential creates no team`() throws {
        let database = try TestDatabase()
        #expect(database.refusal(of: CreateTeam.self, #"{"name":"Acme"}"#, as: nil) == "401 unauthenticated")
        #expect(try database.countOfTeams() == 0)
    }

    // Cases: teams 24
    @Test func `a disabled user cannot create a team`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        _ = try database.team(of: caller)
        try database.rows("UPDATE nofx.users SET disabled_at = now() WHERE id = \(caller.user)")
        #expect(database.refusal(of: CreateTeam.self, #"{"name":"Acme"}"#, as: caller) == "401 invalid_token")
        #expect(try database.countOfTeams() == 1)
    }

    // Cases: teams 21
    @Test func `a user owns at most 20 teams, even with concurrent calls`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let outcomes = database.race(CreateTeam.self, (0..<32).map { (owner, #"{"name":"Team \#($0)"}"#) })
        #expect(outcomes.tally() == ["ok": 20, "403 quota_exceeded": 12])
        #expect(try database.value("SELECT count(*) FROM nofx.teams WHERE owner_id = \(owner.user)") == 20)
    }

    // Cases: teams 22
    @Test func `concurrent calls below the quota all succeed`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let outcomes = database.race(CreateTeam.self, (0..<10).map { (owner, #"{"name":"Team \#($0)"}"#) })
        #expect(outcomes.tally() == ["ok": 10])
    }

    @Test func `a deleted team does not count towards the quota`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let teams = try (0..<20).map { try database.team("Team \($0)", of: owner) }
        #expect(database.refusal(of: CreateTeam.self, #"{"name":"Acme"}"#, as: owner) == "403 quota_exceeded")
        try database.rows(
            """
            UPDATE nofx.teams SET deleted_at = now(), purge_after = now() + interval '30 days'
            WHERE id = \(teams[7].id)
            """
        )
        #expect(database.refusal(of: CreateTeam.self, #"{"name":"Acme"}"#, as: owner) == nil)
    }
}
