import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct UpdateTeamTests {
    // Cases: teams 51
    @Test func `a member changes only the named fields`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger(email: "ada@example.com"))
        let member = try database.member(of: team, as: .member)
        let renamed = try database.call(UpdateTeam.self, team.changes(#""name":"Zenith""#), as: member)
        #expect(renamed.name.rawValue == "Zenith")
        #expect(renamed.slug == team.slug)
        #expect(renamed.owner == team.owner)
        #expect(renamed.role == .member)
        #expect(renamed.billingEmail == nil)
        #expect(renamed.settings?.text == "{}")
        #expect(renamed.version == 2)
        #expect(renamed.createdAt == team.createdAt)
        #expect(renamed.updatedAt.microsecondsSince1970 > team.updatedAt.microsecondsSince1970)
        #expect(try database.value("SELECT billing_email FROM nofx.teams") == "ada@example.com")
    }

    // Cases: teams 56
    @Test func `null clears the billing address, and an absent field keeps it`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger(email: "ada@example.com")
        let team = try database.team(of: owner)
        let kept = try database.call(UpdateTeam.self, team.changes(#""name":"Zenith""#), as: owner)
        #expect(kept.billingEmail == "ada@example.com")
        let set = try database.call(UpdateTeam.self, team.changes(#""billingEmail":"b@example.com""#), as: owner)
        #expect(set.billingEmail == "b@example.com")
        let emptied = try database.call(UpdateTeam.self, team.changes(#""billingEmail":null"#), as: owner)
        #expect(emptied.billingEmail == nil)
        #expect(emptied.name.rawValue == "Zenith")
        #expect(emptied.version == 4)
    }

    @Test func `new settings replace the old ones`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        _ = try database.call(UpdateTeam.self, team.changes(#""settings":{"a":1,"b":[1e300]}"#), as: owner)
        let updated = try database.call(UpdateTeam.self, team.changes(#""settings":{"c":{"é":"\u00e9"}}"#), as: owner)
        #expect(updated.settings?.text == #"{"c": {"é": "é"}}"#)
    }

    // Cases: teams 57, 60
    @Test(arguments: [
        #""name":"A""#, #""name":"<b>""#, #""name":7"#, #""billingEmail":"nobody""#, #""billingEmail":"a@b""#,
        #""billingEmail":"a@example.com\r\nBcc: b@example.com""#, #""settings":[]"#, #""settings":"{}""#,
        #""settings":7"#,
        #""settings":{"n":1e400000}"#, #""settings":{"n":[-1e309]}"#, #""name":"Zenith","ifVersion":"1""#,
        #""name":"Zenith","ifVersion":1.5"#, #""name":"Zenith","ifVersion":99999999999999999999"#,
        #""settings":{"text":"\#(String(repeating: "a", count: 17 << 10))"}"#,
        #""settings":{"n":[\#(repeatElement("1e300", count: 60).joined(separator: ","))]}"#,
        #""settings":{"text":"\#(String(repeating: "a", count: 300 << 10))"}"#,
        #""ownerId":"00000000-0000-7000-8000-000000000000""#, #""slug":"zenith""#, #""deletedAt":null"#,
        #""version":7"#,
        #""name":"Zenith","role":"owner""#, #""ifVersion":1"#, #""name":null"#, #""settings":null"#,
    ])
    func `invalid changes are rejected and change nothing`(_ members: String) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let before = try database.snapshot(of: team)
        #expect(database.refusal(of: UpdateTeam.self, team.changes(members), as: owner) == "422 validation_failed")
        #expect(try database.snapshot(of: team) == before)
    }

    // Cases: teams 57
    @Test(arguments: [
        #""settings":{"text":"\u0000"}"#, #""settings":{"\u0000":1}"#, #""settings":{"a":1,"a":2}"#,
        #""settings":{"a":"\ud800"}"#,
        #""settings":\#(String(repeating: #"{"a":"#, count: 40))1\#(String(repeating: "}", count: 40))"#,
    ])
    func `settings that Postgres cannot store exactly are rejected as input`(_ members: String) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        #expect(database.refusal(of: UpdateTeam.self, team.changes(members), as: owner) == "400 malformed_json")
    }

    // Cases: teams 57
    @Test func `settings may have up to 16 KiB in their stored form`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        // {"text": "…"} has 12 characters in addition to the text.
        let most = String(repeating: "a", count: 16_384 - 12)
        #expect(
            database.refusal(of: UpdateTeam.self, team.changes(#""settings":{"text":"\#(most)"}"#), as: owner) == nil
        )
        let problem = #expect(throws: Problem.self) {
            try database.call(UpdateTeam.self, team.changes(#""settings":{"text":"\#(most)a"}"#), as: owner)
        }
        #expect(problem?.violations.map(\.field) == ["settings"])
        #expect(problem?.violations.map(\.code) == [.tooLarge])
    }

    // Cases: teams 55
    @Test func `a change without fields is rejected`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let problem = #expect(throws: Problem.self) { try database.call(UpdateTeam.self, team.reference, as: owner) }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.code) == [.required])
        #expect(database.refusal(of: UpdateTeam.self, "{}", as: owner) == "422 validation_failed")
    }

    @Test func `a change of an outdated version is rejected`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let input = team.changes(#""name":"Zenith","ifVersion":1"#)
        #expect(database.refusal(of: UpdateTeam.self, input, as: owner) == nil)
        #expect(database.refusal(of: UpdateTeam.self, input, as: owner) == "409 version_conflict")
        #expect(try database.activity(of: team.id).count == 2)
    }

    // Cases: teams 58
    @Test func `of 32 concurrent changes of the same version one succeeds`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let outcomes = database.race(
            UpdateTeam.self,
            (0..<32).map { (owner, team.changes(#""name":"Name \#($0)","ifVersion":1"#)) }
        )
        #expect(outcomes.tally() == ["ok": 1, "409 version_conflict": 31])
        #expect(try database.value("SELECT version FROM nofx.teams WHERE id = \(team.id)") == 2)
        #expect(try database.activity(of: team.id).map(\.action) == ["team.created", "team.updated"])
    }

    @Test func `16 concurrent changes of a team without a version all succeed`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let outcomes = database.race(UpdateTeam.self, (0..<16).map { (owner, team.changes(#""name":"Name \#($0)""#)) })
        #expect(Set(try outcomes.map { try $0.get().version }) == Set(2...17))
    }

    // Cases: teams 59
    @Test(arguments: [
        ("UPDATE nofx.team_members SET role = 'viewer' WHERE role = 'admin'" as Query, "403 forbidden"),
        ("UPDATE nofx.team_members SET permissions = '{read}' WHERE role = 'admin'", "403 forbidden"),
        ("DELETE FROM nofx.team_members WHERE role = 'admin'", "404 team_not_found"),
        ("UPDATE nofx.teams SET deleted_at = now(), purge_after = now()", "404 team_not_found"),
    ])
    func `a permission lost during the wait for a lock is detected`(_ revocation: Query, _ expected: String) throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let admin = try database.member(of: team, as: .admin)
        var holder = try database.connect()
        let waiter = try holder.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.teams WHERE id = \(team.id) FOR UPDATE")
            let waiter = database.start(UpdateTeam.self, team.changes(#""name":"Zenith""#), as: admin)
            try database.awaitWaiters()
            try transaction.run(revocation)
            return waiter
        }
        #expect([waiter.join()].tally() == [expected: 1])
        #expect(try database.value("SELECT name FROM nofx.teams WHERE id = \(team.id)") == "Acme")
        #expect(try database.activity(of: team.id).count == 1)
    }

    @Test func `a change of a locked team is 503 busy`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        var holder = try database.connect()
        try holder.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.teams WHERE id = \(team.id) FOR UPDATE")
            #expect(database.refusal(of: UpdateTeam.self, team.changes(#""name":"Zenith""#), as: owner) == "503 busy")
        }
    }
}
