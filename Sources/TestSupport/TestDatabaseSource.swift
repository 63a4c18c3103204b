import Base
import Glibc
import Postgres
import System

/// Creates the databases of tests on one cluster.
///
/// The first test that needs a database creates a template and migrates it once. Each test gets a copy of the
/// template. A template belongs to one build of the tests, so a cluster that is kept may have templates of older
/// builds.
final class TestDatabaseSource: Sendable {
    /// The address of the cluster and the superuser's name.
    struct Place {
        let directory: String
        let port: String
        let role: String
    }

    let place: Place

    /// The name of the template.
    let template: String

    private let url: String
    private let idle = Monitor<[Psql]>([])

    private static let sources = Monitor<[String: TestDatabaseSource]>([:])

    /// The source for the cluster of a connection string.
    ///
    /// It is created on first use.
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

    /// Identifies this build of the tests, and with it the migrations and grants of its template.
    private static func build() throws -> String {
        var status = stat()
        guard unsafe stat("/proc/self/exe", &status) == 0 else {
            throw TestDatabase.Unusable(reason: "/proc/self/exe cannot be read")
        }
        return "\(status.st_ino)_\(status.st_mtim.tv_sec)_\(status.st_mtim.tv_nsec)"
    }

    /// Creates the roles and the template.
    ///
    /// Other processes that run the same tests wait.
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
            // Only a complete template gets the name.
            let unfinished = "\(template)_unfinished"
            try run("DROP DATABASE IF EXISTS \(unfinished)")
            try run("CREATE DATABASE \(unfinished)")
            try TestDatabase(unfinished, at: place).migrate()
            try run("ALTER DATABASE \(unfinished) RENAME TO \(template)")
        }
    }

    /// Creates a database.
    ///
    /// - Parameters:
    ///   - name: The name of the database.
    ///   - options: The options after the name in `CREATE DATABASE`.
    /// - Throws: ``TestDatabase/Unusable`` if the cluster refuses.
    func create(_ name: String, _ options: String) throws {
        try run("CREATE DATABASE \(name) \(options)")
    }

    /// Runs a statement from a string outside of a transaction, through psql, because a `Query` takes no string.
    private func run(_ statement: String) throws {
        let psql = try idle.withLock { $0.popLast() } ?? Psql(url)
        try psql.run(statement)
        idle.withLock { $0.append(psql) }
    }
}

/// A psql process that stays connected, because starting one takes as long as copying a database.
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
