import Base
import Core
import Postgres
import TestSupport
import Testing

@Suite struct SchemaVersionTests {
    private let required = SchemaVersion.required

    @Test func `a newer schema that this program still understands is used`() throws {
        let database = try TestDatabase()
        try database.addMigration(required + 5, minCompatible: required)
        #expect(try database.answer() == nil)
    }

    @Test func `a newer schema that this program does not understand is refused`() throws {
        let database = try TestDatabase()
        try database.addMigration(required + 1, minCompatible: required + 1)
        #expect(try database.answer() == "503 database_incompatible")
        #expect(try database.value("SELECT count(*) FROM nofx.users") == 0)
    }

    @Test func `an older schema is refused`() throws {
        let database = try TestDatabase()
        try database.rows("UPDATE nofx.migrations SET version = version - 1, min_compatible = 0")
        #expect(try database.answer() == "503 database_not_migrated")
        #expect(try database.value("SELECT count(*) FROM nofx.users") == 0)
    }

    @Test func `a database that was never migrated is refused`() throws {
        #expect(try TestDatabase(migrated: false).answer() == "503 database_not_migrated")
    }

    @Test func `a schema of somebody else's is refused`() throws {
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

    /// How a call is refused; nil when it is not.
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
