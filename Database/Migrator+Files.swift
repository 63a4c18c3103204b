import Base
import Core
import Postgres

extension Migrator {
    private struct AppliedFile: RowDecodable {
        let name: String
        let revision: Int32
        let checksum: [UInt8]

        init(row: borrowing Row) throws(PostgresError) {
            name = try row["name"]
            revision = try row["revision"]
            checksum = try row["checksum"]
        }
    }

    /// The files that differ from those that were applied last.
    ///
    /// - Parameters:
    ///   - isNew: Whether the database has no schema yet.
    ///   - transaction: The migration's own.
    /// - Returns: Those to apply, in order.
    /// - Throws: 409 `database_newer` where the database has a later revision of a file, or a file that is not known
    ///   here.
    func changedFiles(isNew: Bool, _ transaction: borrowing Transaction) throws -> [DatabaseFile] {
        guard !isNew else { return files }
        let applied: [AppliedFile] = try transaction.all("SELECT name, revision, checksum FROM nofx.database_files")
        for file in applied where !files.contains(where: { $0.name == file.name }) {
            throw Problem(
                status: 409,
                code: "database_newer",
                detail: "The database is newer than this program: it has \(file.name).sql."
            )
        }
        return try files.filter { file in
            guard let known = applied.first(where: { $0.name == file.name }) else { return true }
            guard known.revision <= file.revision else {
                throw Problem(
                    status: 409,
                    code: "database_newer",
                    detail: "The database is newer than this program: revision \(known.revision) of \(file.name).sql."
                )
            }
            return known.checksum != file.checksum
        }
    }

    /// Drops the functions that the files remove, then applies the files.
    func apply(_ files: [DatabaseFile], _ transaction: borrowing Transaction) throws(PostgresError) {
        try transaction.run("SELECT set_config('check_function_bodies', 'off', true)")
        for function in files.flatMap(\.removed) {
            try transaction.runScript("DROP FUNCTION IF EXISTS \(function)")
        }
        for file in files {
            try transaction.runScript(file.script)
            try transaction.run(
                """
                INSERT INTO nofx.database_files AS f (name, revision, checksum)
                VALUES (\(file.name), \(file.revision), \(file.checksum))
                ON CONFLICT (name) DO UPDATE
                SET revision = excluded.revision, checksum = excluded.checksum, applied_at = excluded.applied_at
                """
            )
        }
    }
}
