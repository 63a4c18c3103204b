public import Base
public import Core
public import Postgres
import Reliability

/// What an operator made of one circuit breaker.
public struct BreakerChange: OutputObject, RowDecodable {
    let name: String
    let before: JSONText?
    let after: JSONText?
    let isChanged: Bool

    public init(row: borrowing Row) throws(PostgresError) {
        name = try row["name"]
        before = try row["before"]
        after = try row["after"]
        isChanged = try row["is_changed"]
    }

    public static let fields: [OutputField<BreakerChange>] = [
        OutputField("name", "The breaker.") { $0.name },
        OutputField("before", "How it stood.") { $0.before },
        OutputField("after", "How it stands.") { $0.after },
        OutputField("changed", "Whether that is another state.") { $0.isChanged },
    ]

    /// What an operator wants of a breaker.
    public enum Kind: String, InputEnumeration, CustomStringConvertible {
        case reset, forceOpen, disable, enable, metricsOnly

        public var description: String { rawValue }

        /// What is done with the breaker.
        var action: CircuitAction {
            switch self {
            case .reset: .reset
            case .forceOpen: .forceOpen
            case .disable: .disable
            case .enable: .enable
            case .metricsOnly: .metricsOnly
            }
        }
    }

    /// Which breakers are to be changed, and how.
    public struct Request: InputObject {
        let name: BreakerName?
        let kind: Kind

        public static let schema = Schema(
            .optional("name", BreakerName.self, "The breaker; needed unless all is true."),
            .optional("all", Bool.self, default: false, "Every breaker there is."),
            .optional("action", Kind.self, default: .reset, "What to do: reset closes it and lets calls through."),
            into: { name, all, kind throws(Violations) in
                guard name != nil || all else {
                    throw Violations(Violation(field: "name", .required, "is required unless all is true"))
                }
                guard name == nil || !all else {
                    throw Violations(Violation(field: "all", .invalidFormat, "must not be true beside a name"))
                }
                return Request(name: name, kind: kind)
            }
        )
    }

    /// What became of the breakers.
    public struct Report: OutputObject {
        let breakers: [BreakerChange]

        public static let fields: [OutputField<Report>] = [
            OutputField("breakers", "Every breaker that was asked for, by name.") { $0.breakers }
        ]
    }
}

extension BreakerChange {
    /// Puts one circuit breaker, or all, into a state by hand.
    ///
    /// It holds for every process from its next call on. What is so already stays as it is; what changes is recorded in
    /// the same transaction.
    ///
    /// - Throws: A `Denial` for who does not operate the product; 404 `breaker_not_found`, which names those there are.
    public static func make(_ request: Request, in context: inout Context) throws -> Report {
        let (name, kind) = (request.name?.rawValue, request.kind.action.rawValue)
        let action = Action(
            "breaker.\(kind)",
            needs: .operations,
            refusal: "Only operators can change circuit breakers"
        )
        let user = try context.user(attempting: action)
        let rows = try context.write(
            """
            WITH known AS MATERIALIZED (
                SELECT unnest(\(BreakerName.always)) AS name UNION SELECT name FROM nofx.circuit_breakers
            ), wanted AS MATERIALIZED (
                SELECT k.name FROM known k WHERE \(name) IS NULL OR k.name = \(name) ORDER BY k.name
            ), change AS MATERIALIZED (
                SELECT w.name, s.before, s.after,
                       s.before ->> 'generation' IS DISTINCT FROM s.after ->> 'generation' AS is_changed
                FROM wanted w CROSS JOIN LATERAL nofx.circuit_set(w.name, \(kind)) s
            ), record AS (
                INSERT INTO nofx.operator_actions (user_id, action, subject, before, after,
                                                   credential, request_id, ip, user_agent)
                SELECT \(user), \(action.name), c.name, c.before, c.after,
                       o.origin ->> 'credential', o.origin ->> 'requestId', o.origin ->> 'ip', o.origin ->> 'userAgent'
                FROM change c CROSS JOIN (SELECT \(context.record) AS origin) o
                WHERE c.is_changed ORDER BY c.name
            )
            SELECT k.names, c.* FROM (SELECT array_agg(name ORDER BY name) AS names FROM known) k
            LEFT JOIN change c ON true ORDER BY c.name
            """
        )
        guard let row = rows.first, try row["name"] as String? != nil else {
            throw Problem.breakerNotFound(known: try rows.first?["names"] ?? [])
        }
        return Report(breakers: try rows.decode())
    }
}

extension Problem {
    fileprivate static func breakerNotFound(known: [String]) -> Problem {
        Problem(
            status: 404,
            code: "breaker_not_found",
            detail: "There is no such circuit breaker.",
            lists: ["known": known]
        )
    }
}

/// The name of a circuit breaker, to look for.
public struct BreakerName: InputValue {
    private static let text = TextRule(1...100)

    /// The breakers that there are before anything was called.
    static let always = ["anthropic-ai", "openai"]

    let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }
}
