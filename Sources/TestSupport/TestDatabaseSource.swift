import Base
import Glibc
import Postgres
import System

/// Makes the databases of tests on one cluster.
///
/// The first test that needs a database makes a template, which is migrated once; each test then gets a copy of it.
/// The template belongs to one build of the tests, so that a cluster that is kept may have templates of older ones.
final class TestDatabaseSource: Sendable {
    /// How the superuser reaches the cluster.
    struct Place {
        let directory: String
        let port: String
        let role: String
    }

    let place: Place

    /// The name of the migrated database that is copied.
    let template: String

    private let url: String
    private let idle = Monitor<[Psql]>([])

    private static let sources = Monitor<[String: TestDatabaseSource]>([:])

    /// The source for the cluster of a connection string, made when it is first asked for.
    static func of(_ url: String) throws -> TestDatabaseSource {
        try sources.withLock { sources in
            if let source = sources[url] { return source }
            let source = try TestDatabaseSource(url)
            sources[url] = source
            return source
        }
    }

    private init(_ url: String) throws {
        self.url = url
        template = "template_\(try Self.build())"
        var connection = try Connection(ConnectionString(url), deadline: .test, log: .silent)
        let rows = try connection.transact(
            [
                """
                SELECT trim(split_part(current_setting('unix_socket_directories'), ',', 1)) AS directory,
                       current_setting('port') AS port, current_user::text AS role
                """
            ],
            deadline: .test
        )[0]
        guard let row = rows.first else { throw TestDatabase.Missing() }
        place = Place(directory: try row["directory"], port: try row["port"], role: try row["role"])
        try prepare(&connection)
    }

    /// What tells this build of the tests from others: neither its migrations nor what they grant can differ.
    private static func build() throws -> String {
        var status = stat()
        guard unsafe stat("/proc/self/exe", &status) == 0 else {
            throw TestDatabase.Unusable(reason: "/proc/self/exe cannot be read")
        }
        return "\(status.st_ino)_\(status.st_mtim.tv_sec)_\(status.st_mtim.tv_nsec)"
    }

    /// Makes the roles and the template, while other processes that run the same tests wait.
    private func prepare(_ connection: inout Connection) throws {
        try connection.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT pg_advisory_xact_lock(hashtextextended('test databases', 0))")
            let isThere: Bool = try transaction.run(
                "SELECT EXISTS (SELECT FROM pg_database WHERE datname = \(template))"
            ).value()
            guard !isThere else { return }
            for role in ["nofx_test_app", "nofx_test_operator"] {
                try run(
                    "DO $$ BEGIN CREATE ROLE \(role) LOGIN; EXCEPTION WHEN duplicate_object THEN END $$"
                )
            }
            // Only a finished template gets the name.
            let unfinished = "\(template)_unfinished"
            try run("DROP DATABASE IF EXISTS \(unfinished)")
            try run("CREATE DATABASE \(unfinished)")
            try TestDatabase(unfinished, at: place).migrate()
            try run("ALTER DATABASE \(unfinished) RENAME TO \(template)")
        }
    }

    /// Makes a database.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - options: What follows the name in `CREATE DATABASE`.
    /// - Throws: ``TestDatabase/Unusable`` when the cluster refuses.
    func create(_ name: String, _ options: String) throws {
        try run("CREATE DATABASE \(name) \(options)")
    }

    /// Runs a computed statement outside of a transaction, which psql can do and no `Query` can.
    private func run(_ statement: String) throws {
        let psql = try idle.withLock { $0.popLast() } ?? Psql(url)
        try psql.run(statement)
        idle.withLock { $0.append(psql) }
    }
}

/// A psql that stays connected, since to start one takes as long as to copy a database.
private final class Psql: Sendable {
    private let process: LineProcess

    init(_ url: String) throws {
        process = try LineProcess(
            ["psql", "--quiet", "--no-psqlrc", "--dbname", url],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "PGOPTIONS": "-c client_min_messages=error"]
        )
    }

    func run(_ statement: String) throws {
        guard process.write("\(statement);\n\\echo :SQLSTATE :LAST_ERROR_MESSAGE") else {
            throw TestDatabase.Unusable(reason: "psql ended")
        }
        let outcome = process.readLine()
        guard outcome.hasPrefix("00000") else { throw TestDatabase.Unusable(reason: outcome) }
    }
}
