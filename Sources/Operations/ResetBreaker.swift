public import Base
public import Core
public import Postgres
import Reliability

/// An operator's change to one circuit breaker.
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
        OutputField("before", "The state before the change.") { $0.before },
        OutputField("after", "The state after the change.") { $0.after },
        OutputField("changed", "Whether the state changed.") { $0.isChanged },
    ]

    /// The action of an operator on a breaker.
    public enum Kind: String, InputEnumeration, CustomStringConvertible {
        case reset, forceOpen, disable, enable, metricsOnly

        public var description: String { rawValue }

        /// The action in the breaker's terms.
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

    /// The breakers to change, and the action.
    public struct Request: InputObject {
        let name: BreakerName?
        let kind: Kind

        public static let choice: FieldChoice? = .field("name", orFlag: "all")

        public static let schema = Schema(
            .optional(
                "name",
                BreakerName.self,
                "The breaker of a provider, a key or a model; required unless all is true."
            ),
            .optional("all", Bool.self, default: false, "All breakers."),
            .optional(
                "action",
                Kind.self,
                default: .reset,
                "The action; reset closes the breaker, and with a provider those of its keys and models."
            ),
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

    /// The changed breakers.
    public struct Report: OutputObject {
        let breakers: [BreakerChange]

        public static let fields: [OutputField<Report>] = [
            OutputField("breakers", "Each requested breaker, by name.") { $0.breakers }
        ]
    }
}

extension BreakerChange {
    /// Puts one circuit breaker, or all, into a state by hand.
    ///
    /// A reset of a provider also resets its keys and models. A model of a known provider can be set to a state before
    /// it has a breaker. Every process uses the new state from its next call on. Each change is recorded in the audit trail in the same
    /// transaction; a breaker that is already in the state does not change.
    ///
    /// - Throws: A `Denial` for a caller who is not an operator; 404 `breaker_not_found` with the known names.
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
                UNION SELECT name FROM nofx.circuit_counters
            ), wanted AS MATERIALIZED (
                SELECT k.name FROM known k
                WHERE \(name) IS NULL OR k.name = \(name)
                   OR \(kind) = 'reset' AND \(name) !~ '[@/]' AND split_part(split_part(k.name, '/', 1), '@', 1) = \(name)
                UNION
                SELECT \(name) FROM known k
                WHERE \(kind) NOT IN ('reset', 'enable') AND \(request.name?.isOfModel ?? false)
                  AND k.name = split_part(split_part(\(name), '/', 1), '@', 1)
                ORDER BY name
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
            SELECT k.names, c.*
            FROM (SELECT array_agg(name ORDER BY position('/' IN name) > 0, name) AS names FROM known) k
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
    private static let text = TextRule(1...250)

    /// The breakers that there are before anything was called.
    static let always = ["anthropic-ai", "openai"]

    let rawValue: String

    /// Whether the name can be that of a model's breaker: a provider, a slash, and letters, digits and `._/:@~-`.
    var isOfModel: Bool {
        let parts = rawValue.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && rawValue.utf8.allSatisfy { byte in
                (0x30...0x3A).contains(byte) || (0x40...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "._/~-".utf8.contains(byte)
            }
    }

    public static var rule: String { text.description }
    public static var form: ValueForm { text.form }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }
}
