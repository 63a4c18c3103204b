public import Base
public import Core
import Postgres

/// Brings a database to the newest version of the schema.
///
/// All of it is one transaction that begins with a lock: started ten times at once, one does the work and nine find
/// nothing to do; killed half-way, nothing happened.
public struct Migrator {
    private let migrations: [Migration]
    let files: [DatabaseFile]

    /// Takes the schema's history, oldest first, and the files that come after it.
    public init(_ migrations: [Migration], files: [DatabaseFile] = DatabaseFile.all) {
        self.migrations = migrations
        self.files = files
    }

    /// What was done, or would be.
    public struct Report: OutputObject {
        let from: Int
        let to: Int
        let applied: [String]
        let functions: [String]
        let createdRoles: [String]
        let isDryRun: Bool

        public static let fields: [OutputField<Report>] = [
            OutputField("from", "The schema's version before; 0 for an empty database.") { $0.from },
            OutputField("to", "The schema's version after.") { $0.to },
            OutputField("applied", "The migrations that were done, or would be.") { $0.applied },
            OutputField("functions", "The files of functions, policies and grants that were applied, or would be.") {
                $0.functions
            },
            OutputField("createdRoles", "The roles that were made, or would be.") { $0.createdRoles },
            OutputField("dryRun", "Whether nothing was done.") { $0.isDryRun },
        ]
    }

    /// Applies the migrations that are missing and the files that have changed, and gives the roles their rights: those
    /// that are named, and, where anything changed, all that had rights before.
    ///
    /// - Throws: 409 `database_newer` and `migration_changed`, 422 for a role that does not exist or that row-level
    ///   security would not hold back, 503 `database_encoding` for a database whose encoding is not UTF8.
    public func run(_ request: Request, in context: inout Context) throws -> Report {
        let deadline = context.deadline
        return try context.withConnection { connection in
            try connection.transaction(deadline: deadline) { transaction in
                try lock(transaction, deadline: deadline)
                let applied = try history(transaction)
                let pending = try pending(after: applied)
                let changed = try changedFiles(isNew: applied.isEmpty, transaction)
                let missing = try missing(
                    of: request.roles,
                    mayCreate: request.createsRoles,
                    isNew: applied.isEmpty,
                    transaction
                )
                if !request.isDryRun {
                    for migration in pending { try apply(migration, transaction) }
                    try apply(changed, transaction)
                    if !(pending.isEmpty && changed.isEmpty) { try transaction.run("SELECT nofx.grant_all_rights()") }
                    for role in missing { try transaction.run("SELECT nofx.create_role(\(role.name)::name)") }
                    for role in request.roles { try grant(to: role, transaction) }
                }
                return Report(
                    from: Int(applied.last?.version ?? 0),
                    to: Int(migrations.last?.version ?? 0),
                    applied: pending.map { "\($0.version) \($0.name)" },
                    functions: changed.map(\.name),
                    createdRoles: missing.map(\.name),
                    isDryRun: request.isDryRun
                )
            }
        }
    }
}

extension Migrator {
    private struct Applied: RowDecodable {
        let version: Int32
        let checksum: [UInt8]

        init(row: borrowing Row) throws(PostgresError) {
            version = try row["version"]
            checksum = try row["checksum"]
        }
    }

    /// Waits for every other migrator of this database.
    private func lock(_ transaction: borrowing Transaction, deadline: Deadline) throws {
        try transaction.run(
            "SELECT set_config('statement_timeout', \("\(max(deadline.remainingMilliseconds, 1))"), true)"
        )
        try transaction.run("SELECT pg_advisory_xact_lock(hashtextextended('nofx.migrations', 0))")
        guard try transaction.run("SELECT current_setting('server_encoding')").value() == "UTF8" else {
            throw Problem(status: 503, code: "database_encoding", detail: "The database's encoding must be UTF8.")
        }
    }

    private func history(_ transaction: borrowing Transaction) throws -> [Applied] {
        guard try transaction.run("SELECT to_regclass('nofx.migrations') IS NOT NULL").value() else { return [] }
        return try transaction.all("SELECT version, checksum FROM nofx.migrations ORDER BY version")
    }

    private func pending(after applied: [Applied]) throws(Problem) -> ArraySlice<Migration> {
        guard applied.count <= migrations.count else {
            throw Problem(
                status: 409,
                code: "database_newer",
                detail: "The database is newer than this program: version \(applied.count)."
            )
        }
        for (applied, migration) in zip(applied, migrations) {
            guard applied.version == migration.version, applied.checksum == migration.checksum else {
                throw Problem(
                    status: 409,
                    code: "migration_changed",
                    detail: "Migration \(migration.version) is not the one that was applied."
                )
            }
        }
        return migrations.dropFirst(applied.count)
    }

    private func apply(_ migration: Migration, _ transaction: borrowing Transaction) throws {
        if migration.version == 1 {
            try transaction.run("CREATE SCHEMA IF NOT EXISTS nofx")
            try transaction.run(
                """
                CREATE TABLE nofx.migrations (
                    version        integer PRIMARY KEY,
                    name           text NOT NULL,
                    checksum       bytea NOT NULL CHECK (octet_length(checksum) = 32),
                    min_compatible integer NOT NULL,
                    applied_at     timestamptz NOT NULL DEFAULT now()
                )
                """
            )
        }
        try transaction.runScript(migration.script)
        try transaction.run(
            """
            INSERT INTO nofx.migrations (version, name, checksum, min_compatible)
            VALUES (\(migration.version), \(migration.name), \(migration.checksum), \(migration.minCompatible))
            """
        )
    }
}
