import Core
import FunctionRuntime
import Migrations

/// Brings the database's schema up to date.
struct Migrate: Function {
    static let name = "migrate"
    static let summary = "Brings the database's schema up to date; safe to run at any time, also many times at once."
    static let subject = Subject.operation
    static let access = Access.operatorOnly

    func run(_ input: Migrator.Request, in context: inout Context) throws -> Migrator.Report {
        try Migrator(Migration.all).run(input, in: &context)
    }
}
