import Base
import Cryptography

/// One step of the schema's history.
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
        Migration(1, "teams", PackageResources._001_teams_sql),
        Migration(2, "membership", PackageResources._002_membership_sql),
        Migration(3, "credentials", PackageResources._003_credentials_sql),
        Migration(4, "row security", PackageResources._004_row_security_sql),
        Migration(5, "circuit breakers", PackageResources._005_circuit_breakers_sql),
        Migration(6, "operations", PackageResources._006_operations_sql),
        Migration(7, "queue", PackageResources._007_queue_sql),
        Migration(8, "runs", PackageResources._008_runs_sql),
        Migration(9, "run calls", PackageResources._009_run_calls_sql),
        Migration(10, "webhooks", PackageResources._010_webhooks_sql),
    ]

    /// Takes a file whose first line is `-- min-compatible: N`.
    init(_ version: Int32, _ name: String, _ file: [UInt8]) {
        self.version = version
        self.name = name
        script = String(decoding: file, as: UTF8.self)
        checksum = SHA256.digest(file)
        let marker = "-- min-compatible: "
        let line = script.prefix { $0 != "\n" }
        guard line.hasPrefix(marker), let minCompatible = Int32(line.dropFirst(marker.utf8.count)) else {
            preconditionFailure("migration \(version) does not start with \(marker)N")
        }
        self.minCompatible = minCompatible
    }
}
