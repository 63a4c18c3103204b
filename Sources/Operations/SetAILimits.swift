public import Base
public import Core
import Postgres
import Teams

/// How many requests and tokens a team may use in a minute.
public struct TeamLimits: OutputObject {
    let team: ID<Team>
    let limits: [ModelLimit]

    public static let fields: [OutputField<TeamLimits>] = [
        OutputField("teamId", "The team.") { $0.team },
        OutputField("limits", "All limits of the team.") { $0.limits },
    ]
}

/// A limit of one model, of all models of a provider, or of all models together.
struct ModelLimit: InputObject, OutputObject {
    let model: ModelPattern
    let requests: Int?
    let tokens: Int?

    static let schema = Schema(
        Field("model", ModelPattern.self, "The model, as provider/model; provider/* for all of a provider; * for all."),
        .integer("requestsPerMinute", in: 1...1_000_000_000, "How many requests a minute allows; null for no limit."),
        .integer("tokensPerMinute", in: 1...1_000_000_000_000, "How many tokens a minute allows; null for no limit."),
        into: ModelLimit.init
    )

    static let fields: [OutputField<ModelLimit>] = [
        OutputField("model", "The model or models.") { $0.model },
        OutputField("requestsPerMinute", "How many requests a minute allows; null for no limit.") { $0.requests },
        OutputField("tokensPerMinute", "How many tokens a minute allows; null for no limit.") { $0.tokens },
    ]

    static var rule: String { "object" }
    static var form: ValueForm { .object }
}

/// The models that a limit is about: `openai/gpt-6-sol`, `openai/*` or `*`.
struct ModelPattern: InputValue, OutputValue, Hashable {
    let text: String

    static var rule: String { "string: provider/model, provider/* or *, at most 300 characters" }
    static var form: ValueForm { .pattern(#"^(\*|[!-.0-~]{1,100}\/[!-~]{1,199})$"#, atMost: 300) }

    init(input: JSONValue) throws(Violations) {
        let text = try String(input: input)
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        let isVisible = text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        let isModel = parts.count == 2 && (1...100).contains(parts[0].count) && (1...199).contains(parts[1].count)
        guard isVisible, isModel || text.utf8.elementsEqual("*".utf8) else {
            throw Violations(.invalidFormat, "must be provider/model, provider/* or *")
        }
        self.text = text
    }

    func encode(to json: inout JSONWriter) { json.string(text) }
}

extension TeamLimits {
    /// The new limits of a team.
    public struct Request: InputObject {
        let team: ID<Team>
        let limits: [ModelLimit]

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            .list("limits", of: ModelLimit.self, 0...100, "All its limits; each model once, an empty list for none."),
            into: { team, limits throws(Violations) in
                guard Set(limits.map(\.model)).count == limits.count else {
                    throw Violations(.invalidFormat, "limits must name each model once")
                }
                return Request(team: team, limits: limits)
            }
        )
    }

    private static var setting: Action {
        Action("ai_limits.set", needs: .operations, refusal: "Only operators can set limits of AI calls")
    }

    /// Replaces a team's limits from its next call on.
    ///
    /// - Throws: A `Denial` for a caller who is not an operator; 404 `team_not_found`.
    public static func set(_ request: Request, in context: inout Context) throws -> TeamLimits {
        let (team, limits) = (request.team, request.limits)
        _ = try context.user(attempting: setting, on: team)
        let rows = try context.write(
            """
            SELECT * FROM nofx.set_ai_limits(\(team), \(limits.map(\.model.text)), \(limits.map { $0.requests ?? 0 }),
                                             \(limits.map { $0.tokens ?? 0 }), \(context.record))
            """
        )
        guard let row = rows.first else { throw Problem.noTeam }
        if try row["changes_state"] {
            try context.noteActivity(row, "ai_limits.set", team: team, ["change": try row["metadata"] as JSONText])
        }
        return TeamLimits(team: team, limits: limits)
    }
}
