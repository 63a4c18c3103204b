public import Base
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
