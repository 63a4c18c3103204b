public import Base
public import Core
import FunctionRuntime
import Migrations
public import Postgres
import System

/// A migrated database of a test's own, on the cluster that `TEST_DATABASE_URL` names.
///
/// The functions use it as a role that owns nothing, with exactly the grants that `migrate` gives; a test looks into
/// it as the cluster's superuser.
public struct TestDatabase: Sendable {
    /// The variable is missing: a test that needs a database fails, it is never skipped.
    public struct Missing: Error, CustomStringConvertible {
        public var description: String { "TEST_DATABASE_URL must name a database whose role is a superuser" }
    }

    /// The cluster refused to make a database.
    public struct Unusable: Error {
        let reason: String
    }

    /// How a function finds the database: the value of `DATABASE_URL`.
    public let url: String

    /// How deliverOutbox and purge find it, as a role for operators.
    public let operatorURL: String

    /// How the superuser finds it.
    public let ownerURL: String

    /// Makes an empty database; with `migrated`, one that `migrate` has been run on.
    ///
    /// - Parameters:
    ///   - migrated: Whether the schema is there already.
    ///   - encoding: Another encoding than the cluster's, by its name in Postgres.
    ///   - cluster: Where to make it; nil for the one that all tests share.
    /// - Throws: ``Missing`` or ``Unusable`` when there is no cluster to make it on.
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

    /// Names a database that is there.
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

    /// A call's context, as the runtime makes it.
    ///
    /// - Parameters:
    ///   - caller: Who calls; nil for nobody.
    ///   - quotas: What the operator allows.
    ///   - log: Takes what is logged.
    /// - Returns: A context with a way to the database that is not open yet.
    /// - Throws: `PostgresError` when the test's own connection string is wrong.
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
    /// Far enough that only a hanging test meets it.
    public static var test: Deadline { .after(.seconds(120)) }
}

extension Log {
    /// A log that nobody reads.
    public static var silent: Log { Log(level: .error, function: "test") { _ in } }
}
