import Base
import Core
import Postgres
import TestSupport
import Testing

@Suite struct SchemaVersionTests {
    private let required = SchemaVersion.required

    @Test func `a newer schema that is compatible with this program is accepted`() throws {
        let database = try TestDatabase()
        try database.addMigration(required + 5, minCompatible: required)
        #expect(try database.answer() == nil)
    }

    @Test func `a newer schema that is not compatible is rejected`() throws {
        let database = try TestDatabase()
        try database.addMigration(required + 1, minCompatible: required + 1)
        #expect(try database.answer() == "503 database_incompatible")
        #expect(try database.value("SELECT count(*) FROM nofx.users") == 0)
    }

    @Test func `an older schema is rejected`() throws {
        let database = try TestDatabase()
        try database.rows("UPDATE nofx.migrations SET version = version - 1, min_compatible = 0")
        #expect(try database.answer() == "503 database_not_migrated")
        #expect(try database.value("SELECT count(*) FROM nofx.users") == 0)
    }

    @Test func `a database without the schema is rejected`() throws {
        #expect(try TestDatabase(migrated: false).answer() == "503 database_not_migrated")
    }

    @Test func `a foreign schema is rejected`() throws {
        let database = try TestDatabase(migrated: false)
        try database.rows("CREATE SCHEMA nofx")
        try database.rows("GRANT USAGE ON SCHEMA nofx TO nofx_test_app")
        #expect(try database.answer() == "503 database_not_migrated")
    }
}

extension TestDatabase {
    fileprivate func addMigration(_ version: Int32, minCompatible: Int32) throws {
        try rows(
            """
            INSERT INTO nofx.migrations (version, name, checksum, min_compatible)
            VALUES (\(version), 'next', sha256('next'), \(minCompatible))
            """
        )
    }

    /// The refusal of a call; nil if it succeeds.
    fileprivate func answer() throws -> String? {
        var context = try context(for: .stranger())
        do {
            _ = try context.read("SELECT 1")
            return nil
        } catch let error as PostgresError {
            return Refusal(Problem(error)).description
        }
    }
}
