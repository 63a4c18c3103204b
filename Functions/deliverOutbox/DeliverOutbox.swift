import Base
import Core
import FunctionRuntime
import Mail
import System
import Teams

/// Sends the mail that is due.
@main
struct DeliverOutbox: Function {
    static let name = "deliverOutbox"
    static let summary = "Sends the mail that is due; for a schedule, safe to run many times at once."
    static let access = Access.operatorOnly

    func run(_ input: Outbox.Request, in context: inout Context) throws -> Outbox.Report {
        let environment = Environment.current()
        do {
            var mailer = try Mailer(environment)
            let link = try InviteLink(environment)
            return try Outbox.deliver(input, by: &mailer, link: link, in: &context)
        } catch let error as MailConfigurationError {
            context.log.error("misconfigured", ["variable": error.variable, "rule": error.rule])
            throw Problem.misconfigured
        }
    }
}
