import Base
import Core
import FunctionRuntime
import Migrations

/// Brings the database's schema up to date.
@main
struct Migrate: Function {
    struct Input: InputObject {
        let isDryRun: Bool
        let role: RoleName?

        static let schema = Schema(
            .optional("dryRun", Bool.self, default: false, "Only say what would be done."),
            .optional("grantTo", RoleName.self, "A role to give what the functions need."),
            into: Input.init
        )
    }

    static let name = "migrate"
    static let summary = "Brings the database's schema up to date; safe to run at any time, also many times at once."
    static let access = Access.operatorOnly

    func run(_ input: Input, in context: inout Context) throws -> Migrator.Report {
        try Migrator(Migration.all).run(dryRun: input.isDryRun, grantTo: input.role, in: &context)
    }
}
