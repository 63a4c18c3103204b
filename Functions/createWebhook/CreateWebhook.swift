import Base
import Core
import FunctionRuntime
import System
import Notifications

/// Makes a webhook of a team.
struct CreateWebhook: Function {
    static let name = "createWebhook"
    static let summary = "Creates a webhook. Its secret is shown only once; to change it, create another webhook."
    static let subject = Subject.webhooks
    static let access = Access.authenticated
    static let successStatus = 201

    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        _ = try WebhookPolicy(environment)
    }

    func run(_ input: NewWebhook.Draft, in context: inout Context) throws -> NewWebhook {
        try NewWebhook.create(input, by: WebhookPolicy(Environment.current()), in: &context)
    }
}
