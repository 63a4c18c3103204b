/// What an endpoint is about, as `nofx --help` and the documentation group them.
public enum Subject: String, CaseIterable, Sendable {
    case teams = "Teams"
    case members = "Members"
    case invites = "Invites"
    case audit = "Audit"
    case keys = "API keys"
    case webhooks = "Webhooks"
    case runs = "Runs"
    case gates = "Gates"
    case queue = "Queue"
    case ai = "AI"
    case operation = "Operation"
}
