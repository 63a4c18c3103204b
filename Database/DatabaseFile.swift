import Base
import Cryptography

/// A file that `migrate` applies again whenever it has changed: functions of one subject, the policies, or the grants.
///
/// Order: first the migrations, then the files of functions, then `policies.sql`, whose policies and triggers call
/// functions, then `grants.sql`. Function bodies are not checked while the files are applied, so functions may call
/// each other across files.
///
/// A file begins with `-- revision: N`. The first change of a file after a release raises its revision. A database
/// never goes back to an older revision: an older program finds a newer one and refuses with 409 `database_newer`.
///
/// A function that goes away, or whose parameters or result change, is named on a line of its own,
/// `-- removes: nofx.name(integer, text)`. It is dropped before any file is applied. A file that is no longer needed
/// stays, with only such lines. A program that is still in use may call what is removed: first raise `min-compatible`
/// in a migration.
public struct DatabaseFile: Sendable {
    /// Its path in `Database/`, without the extension.
    let name: String

    /// Grows with every released change of the file.
    let revision: Int32

    /// The functions that it drops, with the types of their parameters.
    let removed: [String]

    /// The statements.
    let script: String

    /// SHA-256 of the file.
    let checksum: [UInt8]

    /// Every file, in the order in which they are applied.
    public static let all: [DatabaseFile] = [
        DatabaseFile("functions/access", PackageResources.access_sql),
        DatabaseFile("functions/audit", PackageResources.audit_sql),
        DatabaseFile("functions/calls", PackageResources.calls_sql),
        DatabaseFile("functions/circuit_rows", PackageResources.circuit_rows_sql),
        DatabaseFile("functions/circuits", PackageResources.circuits_sql),
        DatabaseFile("functions/circuit_chains", PackageResources.circuit_chains_sql),
        DatabaseFile("functions/gates", PackageResources.gates_sql),
        DatabaseFile("functions/limits", PackageResources.limits_sql),
        DatabaseFile("functions/operations", PackageResources.operations_sql),
        DatabaseFile("functions/queue", PackageResources.queue_sql),
        DatabaseFile("functions/retention", PackageResources.retention_sql),
        DatabaseFile("functions/roles", PackageResources.roles_sql),
        DatabaseFile("functions/runs", PackageResources.runs_sql),
        DatabaseFile("functions/steps", PackageResources.steps_sql),
        DatabaseFile("functions/sweeps", PackageResources.sweeps_sql),
        DatabaseFile("functions/teams", PackageResources.teams_sql),
        DatabaseFile("functions/usage", PackageResources.usage_sql),
        DatabaseFile("functions/storage", PackageResources.storage_sql),
        DatabaseFile("functions/users", PackageResources.users_sql),
        DatabaseFile("functions/webhooks", PackageResources.webhooks_sql),
        DatabaseFile("functions/worker", PackageResources.worker_sql),
        DatabaseFile("policies", PackageResources.policies_sql),
        DatabaseFile("grants", PackageResources.grants_sql),
    ]

    /// Takes a file whose first line is `-- revision: N`.
    init(_ name: String, _ file: [UInt8]) {
        self.name = name
        script = String(decoding: file, as: UTF8.self)
        checksum = SHA256.digest(file)
        guard let revision = Int32(marker: "-- revision: ", of: script) else {
            preconditionFailure("\(name).sql does not start with -- revision: N")
        }
        self.revision = revision
        let marker = "-- removes: "
        removed = script.split(separator: "\n").filter { $0.hasPrefix(marker) }.map {
            String($0.dropFirst(marker.utf8.count))
        }
    }
}
