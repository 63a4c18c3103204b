import Base
import Core
import Postgres
import TestSupport
import Testing

@Suite struct DatabaseLockTests {
    /// The advisory locks of the test's own database.
    private static let countOfLocks: Query = """
        SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
        WHERE locktype = 'advisory' AND datname = current_database()
        """

    @Test func `two sessions are never in one lock at once`() throws {
        let database = try TestDatabase(migrated: false)
        try database.rows("CREATE TABLE balance AS SELECT 0::int8 AS n")
        let counts = try Crowd.run(of: 8) { _, meet in
            var connection = try database.connect()
            meet()
            for _ in 0..<25 {
                try connection.withLock(DatabaseLock("balance"), deadline: .test) { transaction in
                    // Read first and written then, from what was read: without the lock some would get lost.
                    let before: Int = try transaction.run("SELECT n FROM balance").value()
                    try transaction.run("UPDATE balance SET n = \(before + 1)")
                }
            }
            return 25
        }
        #expect(try database.value("SELECT n FROM balance") == counts.reduce(0, +))
        #expect(try database.value(Self.countOfLocks) == 0)
    }

    @Test func `who only tries is told at once that it is held`() throws {
        let database = try TestDatabase(migrated: false)
        let lock = DatabaseLock("prices")
        var holder = try database.connect()
        var other = try database.connect()
        try holder.withLock(lock, deadline: .test) { _ in
            let same = try other.withLockIfFree(lock, deadline: .test) { _ in 1 }
            let another = try other.withLockIfFree(DatabaseLock("Prices"), deadline: .test) { _ in 1 }
            #expect(same == nil)
            #expect(another == 1)
        }
        #expect(try other.withLockIfFree(lock, deadline: .test) { _ in 1 } == 1)
    }

    @Test func `who waits too long does not get it, and its connection goes on`() throws {
        let database = try TestDatabase(migrated: false)
        let lock = DatabaseLock("prices")
        var holder = try database.connect()
        var other = try database.connect()
        try holder.withLock(lock, deadline: .test) { _ in
            #expect(throws: LockError.timedOut) {
                try other.withLock(lock, deadline: .after(.milliseconds(400))) { _ in Issue.record("two hold it") }
            }
            let isUsable = other.isUsable
            #expect(isUsable)
        }
        #expect(try other.withLock(lock, deadline: .test) { try $0.run("SELECT 7").value() as Int32 } == 7)
    }

    @Test func `work that fails is undone, thrown as it is, and leaves the lock free`() throws {
        let database = try TestDatabase(migrated: false)
        try database.rows("CREATE TABLE balance AS SELECT 0::int8 AS n")
        let lock = DatabaseLock("balance")
        var connection = try database.connect()
        #expect(throws: Transient(number: 3)) {
            try connection.withLock(lock, deadline: .test) { transaction in
                try transaction.run("UPDATE balance SET n = 9")
                throw Transient(number: 3)
            }
        }
        let error = #expect(throws: PostgresError.self) {
            try connection.withLockIfFree(lock, deadline: .test) { try $0.run("SELECT 1 / 0") }
        }
        #expect(error?.state == SQLState(rawValue: "22012"))
        #expect(try database.value("SELECT n FROM balance") == 0)
        #expect(try database.value(Self.countOfLocks) == 0)
    }

    @Test func `a call's context takes it too`() throws {
        let database = try TestDatabase()
        let lock = DatabaseLock("prices")
        var context = try database.context(for: nil)
        var other = try database.connect()
        try context.withLock(lock) { _ in
            let same = try other.withLockIfFree(lock, deadline: .test) { _ in 1 }
            #expect(same == nil)
        }
        #expect(try context.withLockIfFree(lock) { _ in 1 } == 1)
    }
}
