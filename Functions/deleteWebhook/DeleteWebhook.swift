import Core
import FunctionRuntime
import Notifications

/// Deletes a webhook of a team.
struct DeleteWebhook: Function {
    static let name = "deleteWebhook"
    static let summary = "Deletes a webhook and its undelivered messages."
    static let subject = Subject.webhooks
    static let access = Access.authenticated

    func run(_ input: Webhook.Reference, in context: inout Context) throws -> Webhook {
        try Webhook.delete(input, in: &context)
    }
}
