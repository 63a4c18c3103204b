import AI
public import Base
public import Core
import Postgres
import Teams

/// What a team may spend on AI calls.
public struct TeamBudget: OutputObject {
    let team: ID<Team>
    let own: Budget
    let ownUnpriced: Budget.Unpriced?
    let standard: Budget

    public static let fields: [OutputField<TeamBudget>] = [
        OutputField("teamId", "The team.") { $0.team },
        OutputField("dailyUsd", "The limit per UTC day; null for no limit.") {
            $0.own.daily ?? $0.standard.daily
        },
        OutputField("monthlyUsd", "The limit per UTC month; null for no limit.") {
            $0.own.monthly ?? $0.standard.monthly
        },
        OutputField("ownDailyUsd", "The team's own limit; null if the default applies.") { $0.own.daily },
        OutputField("ownMonthlyUsd", "The team's own limit; null if the default applies.") { $0.own.monthly },
        OutputField("unpriced", "Whether calls whose cost is not known are made under a limit: deny or allow.") {
            $0.ownUnpriced ?? $0.standard.unpriced
        },
        OutputField("ownUnpriced", "The team's own rule for such calls; null if the default applies.") {
            $0.ownUnpriced
        },
    ]
}

extension TeamBudget {
    /// The new limits of a team.
    public struct Changes: InputObject {
        let team: ID<Team>
        let daily: Change<USDollars>
        let monthly: Change<USDollars>
        let unpriced: Change<Budget.Unpriced>

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            .change("dailyUsd", USDollars.self, "What it may spend in a day; null for what every team may."),
            .change("monthlyUsd", USDollars.self, "What it may spend in a month; null for what every team may."),
            .change(
                "unpriced",
                Budget.Unpriced.self,
                "Whether calls whose cost is not known are made under a limit; null for what holds for every team."
            ),
            into: Changes.init
        )
    }

    private static var setting: Action {
        Action("ai_budget.set", needs: .operations, refusal: "Only operators can set budgets")
    }

    /// Sets a team's AI budget from its next call on.
    ///
    /// Omitted values do not change.
    ///
    /// - Throws: A `Denial` for a caller who is not an operator; 404 `team_not_found`.
    public static func set(_ changes: Changes, in context: inout Context) throws -> TeamBudget {
        let (team, daily, monthly, unpriced) = (changes.team, changes.daily, changes.monthly, changes.unpriced)
        _ = try context.user(attempting: setting, on: team)
        let rows = try context.write(
            """
            SELECT * FROM nofx.set_ai_budget(\(team), \(!daily.isKept), \(daily.value), \(!monthly.isKept),
                                             \(monthly.value), \(!unpriced.isKept), \(unpriced.value),
                                             \(context.record))
            """
        )
        guard let row = rows.first else { throw Problem.noTeam }
        if try row["changes_state"] {
            try context.noteActivity(row, "ai_budget.set", team: team, ["change": try row["metadata"] as JSONText])
        }
        let own = Budget(daily: try row["daily"], monthly: try row["monthly"])
        return TeamBudget(
            team: team,
            own: own,
            ownUnpriced: try row["unpriced"],
            standard: context.quotas.aiBudget
        )
    }
}

extension Change {
    fileprivate var isKept: Bool {
        if case .keep = self { return true }
        return false
    }

    fileprivate var value: Value? {
        if case .set(let value) = self { return value }
        return nil
    }
}

extension Problem {
    /// There is no such team: an operator may know.
    static let noTeam = Problem(status: 404, code: "team_not_found", detail: "There is no such team.")
}
