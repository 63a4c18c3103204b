import Core
import FunctionRuntime
import Notifications

/// Lists the webhooks of a team.
struct ListWebhooks: Function {
    static let name = "listWebhooks"
    static let summary = "Lists the webhooks of a team, newest first."
    static let subject = Subject.webhooks
    static let access = Access.authenticated

    func run(_ input: Webhook.Request, in context: inout Context) throws -> Page<Webhook> {
        try Webhook.list(input, in: &context)
    }
}
