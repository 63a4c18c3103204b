import Base
import Cryptography

/// One step of the schema's history.
///
/// A migration holds tables, indexes, constraints and data. It calls no function of the schema, because functions come
/// after all migrations; see ``DatabaseFile``.
public struct Migration: Sendable {
    /// Its place in the history, from 1.
    public let version: Int32

    /// What it is about.
    public let name: String

    /// The oldest program that still works with the schema after it, as the version that program was written for.
    public let minCompatible: Int32

    /// The statements.
    let script: String

    /// SHA-256 of the file, so that a change after the fact is noticed.
    let checksum: [UInt8]

    /// Every migration, in order.
    public static let all: [Migration] = [
        Migration(1, "schema", PackageResources._001_schema_sql),
        Migration(2, "teams", PackageResources._002_teams_sql),
        Migration(3, "calls", PackageResources._003_calls_sql),
        Migration(4, "reliability", PackageResources._004_reliability_sql),
        Migration(5, "queue", PackageResources._005_queue_sql),
        Migration(6, "runs", PackageResources._006_runs_sql),
        Migration(7, "notifications", PackageResources._007_notifications_sql),
    ]

    /// Takes a file whose first line is `-- min-compatible: N`.
    init(_ version: Int32, _ name: String, _ file: [UInt8]) {
        self.version = version
        self.name = name
        script = String(decoding: file, as: UTF8.self)
        checksum = SHA256.digest(file)
        guard let minCompatible = Int32(marker: "-- min-compatible: ", of: script) else {
            preconditionFailure("migration \(version) does not start with -- min-compatible: N")
        }
        self.minCompatible = minCompatible
    }
}

extension Int32 {
    /// Reads the number that follows a marker in the first line of a script.
    init?(marker: String, of script: String) {
        let line = script.prefix { $0 != "\n" }
        guard line.hasPrefix(marker) else { return nil }
        self.init(line.dropFirst(marker.utf8.count))
    }
}
