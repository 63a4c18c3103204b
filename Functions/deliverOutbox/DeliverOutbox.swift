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

    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        _ = try Mailer(environment)
        _ = try InviteLink(environment)
    }

    func run(_ input: Outbox.Request, in context: inout Context) throws -> Outbox.Report {
        let environment = Environment.current()
        var mailer = try Mailer(environment)
        return try Outbox.deliver(input, by: &mailer, link: InviteLink(environment), in: &context)
    }
}
