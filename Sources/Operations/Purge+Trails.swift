import Base
import Core
import Postgres
import System

extension Retention {
    /// A number of the oldest records of a trail, to be deleted in one transaction.
    struct TrailBatch {
        private let trail: Trail
        private let days: Int
        private let limit: Int

        init(_ trail: Trail, days: Int, limit: Int) {
            (self.trail, self.days, self.limit) = (trail, days, limit)
        }

        /// Deletes the records, and adds them to the archive if there is one.
        ///
        /// The archive is on disk before the transaction commits. If the commit fails, the next call archives the same
        /// records again: a record may be in two files, and no record is lost.
        ///
        /// - Returns: The number of records.
        func delete(to archive: inout Archive?, in context: inout Context) throws -> Int {
            guard var open = archive.take() else {
                return try context.operatorQuery("SELECT count(*) FROM \(fragment: call)").value()
            }
            let deadline = context.deadline
            let count = try context.withConnection { connection in
                try connection.transaction(deadline: deadline) { transaction in
                    try transaction.run("SELECT nofx.check_version(\(SchemaVersion.required))")
                    let rows = try transaction.run("SELECT record FROM \(fragment: call) AS record")
                    let records = try (0..<rows.count).map { try rows[$0][0] as JSONText }
                    try open.append(records, of: trail)
                    return records.count
                }
            }
            archive = open
            return count
        }

        private var call: Query {
            "nofx.purge_trail(\(trail.rawValue), \(days)::integer, \(limit)::integer)"
        }
    }

    /// Files of JSON lines, one for each trail and call of `purge`.
    struct Archive {
        private let folder: String
        private var files: [Trail: AppendOnlyFile] = [:]

        init(_ folder: String) {
            self.folder = folder
        }

        private mutating func file(of trail: Trail) throws(SystemError) -> AppendOnlyFile {
            if let file = files[trail] { return file }
            let file = try AppendOnlyFile(creating: "\(trail.rawValue)-\(UUID.v7()).jsonl", in: folder)
            files[trail] = file
            return file
        }

        /// Writes records to the trail's file, and waits until they are on disk.
        mutating func append(_ records: [JSONText], of trail: Trail) throws(ConfigurationError) {
            guard !records.isEmpty else { return }
            do throws(SystemError) {
                try file(of: trail).append(records.flatMap { $0.bytes + [UInt8(ascii: "\n")] })
            } catch {
                throw ConfigurationError("NOFX_ARCHIVE_DIRECTORY", "cannot be written: \(error)")
            }
        }
    }
}
