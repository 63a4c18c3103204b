public import Base
public import Core
import FunctionRuntime
import Migrations
public import Postgres
import System

/// A migrated database for one test, on the cluster that `TEST_DATABASE_URL` names.
///
/// The functions connect with a role that owns nothing and has exactly the grants of `migrate`. A test inspects the
/// database as the cluster's superuser.
public struct TestDatabase: Sendable {
    /// The variable is missing.
    ///
    /// A test that needs a database then fails and is never skipped.
    public struct Missing: Error, CustomStringConvertible {
        public var description: String { "TEST_DATABASE_URL must name a database whose role is a superuser" }
    }

    /// The cluster refused to create a database.
    public struct Unusable: Error {
        let reason: String
    }

    /// The `DATABASE_URL` of functions.
    public let url: String

    /// The `DATABASE_URL` of operator functions, such as deliverOutbox and purge.
    public let operatorURL: String

    /// The superuser's connection string.
    public let ownerURL: String

    /// Creates a database, migrated or empty.
    ///
    /// - Parameters:
    ///   - migrated: Whether to create the schema.
    ///   - encoding: The Postgres name of an encoding other than the cluster's.
    ///   - cluster: The cluster; nil for the one that all tests share.
    /// - Throws: ``Missing`` or ``Unusable`` if the database cannot be created.
    public init(migrated: Bool = true, encoding: String? = nil, on cluster: TestCluster? = nil) throws {
        guard let url = cluster?.url ?? Environment.current()["TEST_DATABASE_URL"] else { throw Missing() }
        let source = try TestDatabaseSource.of(url)
        let name = "test_" + UUID.v7().description.replacing("-", with: "_")
        if let encoding {
            try source.create(name, "ENCODING '\(encoding)' LOCALE 'C' TEMPLATE template0")
            self.init(name, at: source.place)
            if migrated { try migrate() }
        } else {
            try source.create(name, migrated ? "TEMPLATE \(source.template) STRATEGY FILE_COPY" : "")
            self.init(name, at: source.place)
        }
    }

    /// Refers to an existing database.
    init(_ name: String, at place: TestDatabaseSource.Place) {
        let start = "host='\(place.directory)' port=\(place.port) dbname=\(name)"
        url = "\(start) user=nofx_test_app"
        operatorURL = "\(start) user=nofx_test_operator"
        ownerURL = "\(start) user=\(place.role)"
    }

    /// Runs the migrations, as `migrate` does.
    public func migrate() throws {
        var context = try context(ownerURL: ownerURL)
        let roles = #"{"grantTo":"nofx_test_app","grantOperatorTo":"nofx_test_operator"}"#
        let request = try Migrator.Request(input: JSONDocument(parsing: Array(roles.utf8)).root)
        _ = try Migrator(Migration.all).run(request, in: &context)
    }

    /// A connection as the superuser.
    public func connect() throws -> Connection {
        try Connection(ConnectionString(ownerURL), deadline: .test, log: .silent)
    }

    /// The first value of a statement, run as the superuser.
    public func value<Value: PostgresDecodable>(_ query: Query, as _: Value.Type = Value.self) throws -> Value {
        try rows(query).value()
    }

    /// The rows of a statement, run as the superuser.
    @discardableResult
    public func rows(_ query: Query) throws -> Rows {
        var connection = try connect()
        return try connection.transact([query], deadline: .test)[0]
    }

    /// Makes the context of a call, as the runtime does.
    ///
    /// - Parameters:
    ///   - caller: The caller; nil for an anonymous call.
    ///   - quotas: The operator's quotas.
    ///   - log: Receives the log.
    /// - Returns: A context whose database is not connected yet.
    /// - Throws: `PostgresError` if the test's connection string is invalid.
    public func context(
        for caller: Caller?,
        quotas: Quotas = Quotas(),
        log: Log = .silent
    ) throws -> Context {
        var context = Context(
            origin: Origin(requestID: "test-\(UUID.v7())", ip: "192.0.2.1", userAgent: "tests"),
            deadline: .test,
            log: log,
            quotas: quotas,
            database: Database(at: try ConnectionString(url))
        )
        if let caller { context.authenticated(as: caller) }
        return context
    }

    private func context(ownerURL: String) throws -> Context {
        Context(
            origin: Origin(requestID: "test"),
            deadline: .test,
            log: .silent,
            database: Database(at: try ConnectionString(ownerURL))
        )
    }
}

extension Deadline {
    /// A deadline that only a test that hangs reaches.
    public static var test: Deadline { .after(.seconds(120)) }
}

extension Log {
    /// A log that discards its lines.
    public static var silent: Log { Log(level: .error, function: "test") { _ in } }
}
