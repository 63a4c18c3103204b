import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct SetToolPolicyTests {
    private let operating = Caller.stranger(isOperator: true)

    private func event(_ team: Team, _ members: String) -> String {
        members.isEmpty ? team.reference : team.changes(members)
    }

    @Test func `a policy uses the tool names of plans, and an omitted field is unchanged`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        func set(_ members: String) throws -> String {
            let policy = try database.call(SetToolPolicy.self, event(team, members), as: operating)
            let stored: [String]? = try database.value(
                "SELECT (SELECT tools FROM nofx.tool_policies WHERE team_id = \(team.id))"
            )
            #expect(stored == policy.tools)
            return "\(policy.tools?.joined(separator: " ") ?? "all") | \(policy.secretScopes.joined(separator: " "))"
        }
        #expect(try set("") == "all | ")
        #expect(
            try set(#""tools":["test:echo","codegen","manual:review"]"#) == "codegen manual:review test:echo | "
        )
        #expect(try set(#""secretScopes":["prod","ci"]"#) == "codegen manual:review test:echo | ci prod")
        #expect(try set(#""tools":[]"#) == " | ci prod")
        #expect(try set(#""tools":null"#) == "all | ci prod")
        #expect(try set(#""secretScopes":[]"#) == "all | ")
    }

    @Test func `a change is recorded for the team and the operators, and a call without a change is not`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        for _ in 0..<2 {
            try database.call(SetToolPolicy.self, team.changes(#""tools":["wait:until"]"#), as: operating)
        }
        try database.call(SetToolPolicy.self, team.changes(#""secretScopes":[]"#), as: operating)
        let entries = try database.activity(of: team.id).dropFirst()
        #expect(entries.map(\.action) == ["tool_policy.set"])
        #expect(entries.first?.actor == operating.user && entries.first?.resource == team.id.description)
        #expect(
            entries.first?.metadata
                == #"{"after": {"tools": ["wait:until"], "secretScopes": []}, "before": {"tools": null, "secretScopes": []}}"#
        )
        #expect(try database.operatorActions() == ["tool_policy.set \(team.id) \(operating.user) session"])
    }

    @Test func `an unknown team cannot have a policy`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        for id in [team.id, .make()] {
            let event = #"{"teamId":"\#(id)","tools":null}"#
            #expect(database.refusal(of: SetToolPolicy.self, event, as: operating) == "404 team_not_found")
        }
        #expect(try database.value("SELECT count(*) FROM nofx.tool_policies") == 0)
    }

    @Test func `a team's owner cannot set its policy`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let event = team.changes(#""tools":null,"secretScopes":["prod"]"#)
        #expect(database.refusal(of: SetToolPolicy.self, event, as: owner) == "403 forbidden")
        let key = try database.keyHolder(for: owner, .ofMembers)
        #expect(database.refusal(of: SetToolPolicy.self, event, as: key) == "403 insufficient_scope")
        #expect(database.refusal(of: SetToolPolicy.self, event, as: nil) == "401 unauthenticated")
        #expect(try database.value("SELECT count(*) FROM nofx.tool_policies") == 0)
    }

    @Test func `16 concurrent calls leave one policy and a complete trail`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let outcomes = database.race(
            SetToolPolicy.self,
            (0..<16).map { (operating, team.changes(#""secretScopes":["s\#($0)"]"#)) }
        )
        #expect(outcomes.tally() == ["ok": 16])
        let links: Int = try database.value(
            """
            SELECT count(*) FROM nofx.operator_actions a JOIN nofx.operator_actions b
            ON b.before -> 'secretScopes' = a.after -> 'secretScopes'
            """
        )
        #expect(links == 15)
        #expect(try database.value("SELECT count(*) FROM nofx.tool_policies") == 1)
    }

    @Test(arguments: [
        (#""tools":["bash:run"]"#, "tools[0]"), (#""tools":["test:echo","test:echo"]"#, "tools"),
        (#""tools":"test:echo""#, "tools"), (#""tools":[1]"#, "tools[0]"),
        (#""tools":["manual:"]"#, "tools[0]"), (#""secretScopes":["Prod"]"#, "secretScopes[0]"),
        (#""secretScopes":["a","a"]"#, "secretScopes"), (#""secretScopes":"a""#, "secretScopes"),
        (#""scopes":[]"#, "scopes"),
    ])
    func `an invalid tool or scope is rejected`(_ members: String, _ field: String) throws {
        let event = #"{"teamId":"\#(ID<Team>.make())",\#(members)}"#
        let problem = #expect(throws: Problem.self) {
            try TestDatabase().call(SetToolPolicy.self, event, as: operating)
        }
        #expect(problem?.violations.map(\.field) == [field])
    }
}
