import Base
import Core
import FunctionRuntime
import System
import Notifications

/// Sends the mail and the messages of webhooks that are due.
struct DeliverOutbox: Function {
    static let name = "deliverOutbox"
    static let summary = "Delivers mail and webhook messages that are due. Run it on a schedule; calls may overlap."
    static let subject = Subject.webhooks
    static let access = Access.operatorOnly
    static let takesTriggers = true

    /// Long enough for three webhooks that do not answer, 15 seconds each, and short enough that a call which a schedule
    /// makes every minute ends before the next one begins.
    static let usualTimeout = Duration.seconds(50)

    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        _ = try DeliveryChannels(environment)
    }

    func run(_ input: Outbox.Request, in context: inout Context) throws -> Outbox.Report {
        var channels = try DeliveryChannels(Environment.current())
        return try Outbox.deliver(input, by: &channels, in: &context)
    }
}
