import Core
import FunctionRuntime
import Migrations

/// Brings the database's schema up to date.
struct Migrate: Function {
    static let name = "migrate"
    static let summary =
        "Migrates the database's schema to this version. You can run it at any time; calls may overlap."
    static let subject = Subject.operation
    static let access = Access.operatorOnly
    static let takesTriggers = true

    func run(_ input: Migrator.Request, in context: inout Context) throws -> Migrator.Report {
        try Migrator(Migration.all).run(input, in: &context)
    }
}
