/// The tools that a team may use if no operator has set the team's tools.
///
/// `nofx.is_tool_allowed` decides with it, for `previewRun`, `startRun`, `rerunRun` and workers alike.
public enum DefaultTools: Sendable, Equatable {
    /// All tools but those that cost money or reach the network; these need a policy.
    case unlessCostly

    /// All tools.
    case all

    /// These tools, by the names that plans use.
    case listed([String])

    /// Reads `all`, or tools that are separated by commas; nil for a text with an empty name.
    public init?(_ text: String) {
        if text == "all" {
            self = .all
            return
        }
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map { name in
            String(name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        guard !names.contains("") else { return nil }
        self = .listed(names)
    }

    /// The tools as `nofx.is_tool_allowed` takes them.
    public var names: [String]? {
        switch self {
        case .unlessCostly: nil
        case .all: ["*"]
        case .listed(let names): names
        }
    }
}
