public import Base
import Core
import AI
import Teams

/// What a team may spend on AI calls.
public struct TeamBudget: OutputObject {
    let team: ID<Team>
    let own: Budget
    let standard: Budget

    public static let fields: [OutputField<TeamBudget>] = [
        OutputField("teamId", "The team.") { $0.team },
        OutputField("dailyUsd", "What it may spend in a day, in UTC; null for no limit.") {
            $0.own.daily ?? $0.standard.daily
        },
        OutputField("monthlyUsd", "What it may spend in a month, in UTC; null for no limit.") {
            $0.own.monthly ?? $0.standard.monthly
        },
        OutputField("ownDailyUsd", "What was set for it; null where it has what every team has.") { $0.own.daily },
        OutputField("ownMonthlyUsd", "What was set for it; null where it has what every team has.") { $0.own.monthly },
    ]
}
