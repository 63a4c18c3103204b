import Base
import Core
import Postgres

/// What health checks of a web server, a container platform or a load balancer ask at `/healthz`: whether the process
/// answers.
struct Liveness: Function {
    struct Status: OutputObject {
        static let fields = [OutputField<Status>("status", "ok") { _ in "ok" }]
    }

    static let name = "healthz"
    static let summary = "Tells that the process answers."
    static let subject = Subject.operation
    static let access = Access.anyone
    static let allowsGet = true

    func run(_ input: NoInput, in context: inout Context) throws -> Status { Status() }
}

/// What they ask at `/readyz`: whether the database answers and its schema fits this program.
struct Readiness: Function {
    struct Status: OutputObject {
        static let fields = [OutputField<Status>("status", "ready") { _ in "ready" }]
    }

    static let name = "readyz"
    static let summary = "Tells that the database answers and its schema fits this program."
    static let subject = Subject.operation
    static let access = Access.anyone
    static let allowsGet = true

    func run(_ input: NoInput, in context: inout Context) throws -> Status {
        _ = try context.unauthenticatedQuery("SELECT nofx.check_version(\(SchemaVersion.required))")
        return Status()
    }
}
