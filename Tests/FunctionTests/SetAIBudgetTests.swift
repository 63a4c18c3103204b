import Base
import Core
import FunctionRuntime
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import AI
@testable import nofx

@Suite struct SetAIBudgetTests {
    private let operating = Caller.stranger(isOperator: true)

    @Test func `a set budget applies, an unset one is the default, and an omitted field is unchanged`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        var quotas = Quotas()
        quotas.aiBudget = Budget(daily: USDollars("5"), monthly: USDollars("100"))
        func set(_ members: String) throws -> String {
            let event = members.isEmpty ? team.reference : team.changes(members)
            let budget = try database.call(SetAIBudget.self, event, as: operating, quotas: quotas)
            let document = try JSONDocument(parsing: budget.jsonBytes)
            #expect(document.root["teamId"]?.string == team.id.description)
            return ["dailyUsd", "monthlyUsd", "ownDailyUsd", "ownMonthlyUsd"]
                .map { document.root[$0]?.string ?? "-" }.joined(separator: " ")
        }
        #expect(try set("") == "5 100 - -")
        #expect(try set(#""dailyUsd":"12.50""#) == "12.5 100 12.5 -")
        #expect(try set(#""monthlyUsd":"0""#) == "12.5 0 12.5 0")
        #expect(try set("") == "12.5 0 12.5 0")
        #expect(try set(#""dailyUsd":null"#) == "5 0 - 0")
        #expect(try set(#""dailyUsd":null,"monthlyUsd":null"#) == "5 100 - -")
        quotas = Quotas()
        #expect(try set("") == "- - - -")
    }

    @Test func `a change is recorded for the team and the operators, and a call without a change is not`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        for _ in 0..<2 {
            try database.call(SetAIBudget.self, team.changes(#""dailyUsd":"0.000000001""#), as: operating)
        }
        try database.call(SetAIBudget.self, team.changes(#""dailyUsd":null,"monthlyUsd":"1000000000""#), as: operating)
        let entries = try database.activity(of: team.id).dropFirst()
        #expect(entries.map(\.action) == ["ai_budget.set", "ai_budget.set"])
        #expect(entries.allSatisfy { $0.actor == operating.user && $0.credential == "session" && $0.ip == "192.0.2.1" })
        #expect(
            entries.map(\.metadata) == [
                #"{"after": {"dailyUsd": "0.000000001", "monthlyUsd": null}, "before": {"dailyUsd": null, "monthlyUsd": null}}"#,
                #"{"after": {"dailyUsd": null, "monthlyUsd": "1000000000"}, "before": {"dailyUsd": "0.000000001", "monthlyUsd": null}}"#,
            ]
        )
        let action = "ai_budget.set \(team.id) \(operating.user) session"
        #expect(try database.operatorActions() == [action, action])
    }

    @Test func `a budget applies to the team's next call`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        try database.record(team.attempt(1_000_000_000))
        var store = PostgresStores(Database(at: try ConnectionString(database.operatorURL)), log: .silent)
        func begin() throws {
            let start = AttemptStart(call: .v7(), team: team.id.uuid, provider: "openai", model: "m", cost: .zero)
            try store.begin(start, within: Budget(), lifetime: .seconds(60))
        }
        try begin()
        try database.call(SetAIBudget.self, team.changes(#""dailyUsd":"1""#), as: operating)
        #expect(throws: AttemptRefusal.self) {
            try begin()
        }
        try database.call(SetAIBudget.self, team.changes(#""dailyUsd":"1.000000001""#), as: operating)
        try begin()
    }

    @Test func `an unknown team cannot have a budget`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        for id in [team.id, .make()] {
            let event = #"{"teamId":"\#(id)","dailyUsd":"1"}"#
            #expect(database.refusal(of: SetAIBudget.self, event, as: operating) == "404 team_not_found")
        }
        #expect(try database.value("SELECT count(*) FROM nofx.ai_budgets") == 0)
        #expect(try database.operatorActions() == [])
    }

    @Test func `a team's owner cannot set its budget`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let event = team.changes(#""dailyUsd":"1""#)
        #expect(database.refusal(of: SetAIBudget.self, event, as: owner) == "403 forbidden")
        let key = try database.keyHolder(for: owner, .ofMembers)
        #expect(database.refusal(of: SetAIBudget.self, event, as: key) == "403 insufficient_scope")
        #expect(database.refusal(of: SetAIBudget.self, event, as: nil) == "401 unauthenticated")
        #expect(try database.value("SELECT count(*) FROM nofx.ai_budgets") == 0)
    }

    @Test func `32 concurrent calls leave one budget and a complete trail`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let outcomes = database.race(
            SetAIBudget.self,
            (0..<32).map { (operating, team.changes(#""dailyUsd":"\#($0)""#)) }
        )
        #expect(outcomes.tally() == ["ok": 32])
        let links: Int = try database.value(
            """
            SELECT count(*) FROM nofx.operator_actions a JOIN nofx.operator_actions b
            ON b.before ->> 'dailyUsd' = a.after ->> 'dailyUsd'
            """
        )
        #expect(links == 31)
        #expect(try database.value("SELECT count(*) FROM nofx.ai_budgets") == 1)
    }

    @Test(arguments: [
        (#""dailyUsd":"-1""#, "dailyUsd"), (#""dailyUsd":1"#, "dailyUsd"), (#""monthlyUsd":"1e3""#, "monthlyUsd"),
        (#""monthlyUsd":"1000000000.1""#, "monthlyUsd"), (#""weeklyUsd":"1""#, "weeklyUsd"),
        (#""dailyUsd":"0.0000000001""#, "dailyUsd"),
    ])
    func `an invalid amount is rejected`(_ members: String, _ field: String) throws {
        let event = #"{"teamId":"\#(ID<Team>.make())",\#(members)}"#
        let problem = #expect(throws: Problem.self) { try TestDatabase().call(SetAIBudget.self, event, as: operating) }
        #expect(problem?.violations.map(\.field) == [field])
    }
}
