import Base
import Glibc
import Postgres
import System
import Testing

@Suite struct ConnectionTests {
    @Test func `a session uses UTF-8 and sets its application name`() throws {
        var connection = try TestDatabase().connect()
        #expect(try connection.value("SHOW client_encoding") == "UTF8")
        #expect(try connection.value("SHOW application_name") == "nofx")
    }

    @Test func `a refused connection has its own error, at once`() throws {
        let string = try ConnectionString("host=127.0.0.1 port=1 user=me password=s3cret dbname=x")
        let error = #expect(throws: PostgresError.self) {
            _ = try Connection(string, deadline: .test, log: .silent)
        }
        #expect(error?.kind == .connection)
        #expect(error?.description == "database connection failed")
        #expect(error?.isTransient == true)
    }

    @Test func `the server's text about a failed connection is not in the description`() throws {
        let location = try TestDatabase().location()
        let string = try ConnectionString(
            "host=\(location.directory) port=\(location.port) user=\(location.role) dbname=no_such_database"
        )
        let error = #expect(throws: PostgresError.self) {
            _ = try Connection(string, deadline: .test, log: .silent)
        }
        #expect(error?.kind == .connection)
        #expect(error?.description == "database connection failed")
        #expect(error?.debugDescription.contains("no_such_database") == true)
    }

    @Test func `a password is redacted even in the server's text`() throws {
        let location = try TestDatabase().location()
        // The server's message contains the name of the database, which equals the password here.
        let string = try ConnectionString(
            "host=\(location.directory) port=\(location.port) user=\(location.role) dbname=s3cret password=s3cret"
        )
        let error = #expect(throws: PostgresError.self) {
            _ = try Connection(string, deadline: .test, log: .silent)
        }
        #expect(error?.debugDescription.contains("s3cret") == false)
        #expect(error?.debugDescription.contains("[redacted]") == true)
    }

    @Test func `all hosts are tried in order, unreachable ones first`() throws {
        let location = try TestDatabase().location()
        let string = try ConnectionString(
            """
            host=127.0.0.1,\(location.directory) port=1,\(location.port) user=\(location.role) dbname=\(location.name)
            """
        )
        var connection = try Connection(string, deadline: .test, log: .silent)
        #expect(try connection.value("SELECT 1") == 1)
    }

    @Test func `a host that accepts and never answers leaves time for the next one`() throws {
        let location = try TestDatabase().location()
        let silent = try TestProxy(to: location.socketPath, fault: .silence)
        defer { silent.stop() }
        let string = try ConnectionString(
            """
            host=127.0.0.1,\(location.directory) port=\(silent.port),\(location.port) user=\(location.role) \
            dbname=\(location.name) sslmode=disable connect_timeout=1
            """
        )
        var connection = try Connection(string, deadline: .test, log: .silent)
        #expect(try connection.value("SELECT 1") == 1)
    }

    @Test func `a server with the preferred attributes is tried first, then any`() throws {
        let location = try TestDatabase().location()
        let base = "port=\(location.port) user=\(location.role) dbname=\(location.name)"
        let both = "host=\(location.directory),\(location.directory)"
        let preferring = try ConnectionString("\(both) \(base) target_session_attrs=prefer-standby")
        var connection = try Connection(preferring, deadline: .test, log: .silent)
        #expect(try connection.value("SELECT pg_is_in_recovery()") == false)
        let demanding = try ConnectionString("\(both) \(base) target_session_attrs=standby")
        let error = #expect(throws: PostgresError.self) {
            _ = try Connection(demanding, deadline: .test, log: .silent)
        }
        #expect(error?.kind == .connection)
    }

    @Test func `connecting to a silent host ends at the deadline`() throws {
        let location = try TestDatabase().location()
        let silent = try TestProxy(to: location.socketPath, fault: .silence)
        defer { silent.stop() }
        let string = try location.string(port: silent.port)
        let error = #expect(throws: PostgresError.self) {
            _ = try Connection(string, deadline: .after(.milliseconds(50)), log: .silent)
        }
        #expect(error?.kind == .timeout)
    }

    @Test(arguments: [
        // Linux connects 0.0.0.0 to this machine, but it is not a loopback address.
        ("host=0.0.0.0", false), ("host=db.example.com hostaddr=0.0.0.0", false),
        ("host=localhost hostaddr=0.0.0.0", false),
        ("host=0.0.0.0 sslmode=prefer", true), ("host=0.0.0.0 sslmode=disable", true),
        ("host=127.0.0.1", true), ("host=localhost", true), ("host=LOCALHOST", true),
        ("host=db.example.com hostaddr=127.0.0.1", true),
    ])
    func `a remote server without TLS is rejected unless the connection string allows plain text`(
        place: String,
        connects: Bool
    ) throws {
        let location = try TestDatabase().location()
        let proxy = try TestProxy(to: location.socketPath, fault: .none)
        defer { proxy.stop() }
        let string = try ConnectionString(
            "\(place) port=\(proxy.port) user=\(location.role) dbname=\(location.name)"
        )
        if connects {
            var connection = try Connection(string, deadline: .test, log: .silent)
            #expect(try connection.value("SELECT 1") == 1)
        } else {
            let error = #expect(throws: PostgresError.self) {
                _ = try Connection(string, deadline: .test, log: .silent)
            }
            #expect(error?.kind == .connection)
            #expect(error?.debugDescription.contains("SSL") == true)
        }
    }

    @Test func `libpq reads no home directory and no password file`() throws {
        #expect(getenv("HOME") != nil)
        let location = try TestDatabase().location()
        var connection = try Connection(
            try ConnectionString(
                "host=\(location.directory) port=\(location.port) user=\(location.role)"
                    + " dbname=\(location.name) sslmode=prefer"
            ),
            deadline: .test,
            log: .silent
        )
        #expect(try connection.value("SELECT 1") == 1)
    }

    @Test func `a new connection is usable, and one that the server closed is not`() throws {
        let database = try TestDatabase()
        var connection = try database.connect()
        #expect(try connection.checked())
        let process: Int32 = try connection.value("SELECT pg_backend_pid()")
        #expect(try connection.checked())
        var other = try database.connect()
        #expect(try other.value("SELECT pg_terminate_backend(\(process), 60000)") == true)
        #expect(try !connection.checked())
    }

    @Test func `a connection lost while idle is detected before and during its use`() throws {
        let database = try TestDatabase()
        var connection = try database.connect()
        let process: Int32 = try connection.value("SELECT pg_backend_pid()")
        var other = try database.connect()
        #expect(try other.value("SELECT pg_terminate_backend(\(process), 60000)") == true)
        let error = #expect(throws: PostgresError.self) { try connection.rows("SELECT 1") }
        #expect(error?.kind == .connection)
        #expect(try !connection.checked())
        let second = #expect(throws: PostgresError.self) { try connection.transact(["SELECT 1"], deadline: .test) }
        #expect(second?.kind == .connection)
    }

    @Test func `a connection knows how long it was idle`() throws {
        var connection = try TestDatabase().connect()
        let first = connection.idleTime
        let second = connection.idleTime
        #expect(second > first)
        let start = SystemClock.monotonicNanoseconds()
        _ = try connection.rows("SELECT pg_sleep(0.01)")
        let idle = connection.idleTime
        let elapsed = Duration.nanoseconds(Int64(SystemClock.monotonicNanoseconds() - start))
        #expect(idle + .milliseconds(10) <= elapsed)
    }

    @Test func `notices go to the log, warnings as warnings`() throws {
        let lines = LogLines()
        var connection = try TestDatabase().connect(log: lines.log)
        try connection.transaction(deadline: .test) { transaction in
            try transaction.runScript(
                """
                DO $$ BEGIN RAISE NOTICE 'take note'; RAISE WARNING 'take care' USING ERRCODE = '01ABC'; END $$
                """
            )
        }
        let notice = try #require(lines.all().first { $0.contains("take note") })
        #expect(notice.contains(#""level":"debug""#) && notice.contains(#""severity":"NOTICE""#))
        let warning = try #require(lines.all().first { $0.contains("take care") })
        #expect(warning.contains(#""level":"warning""#) && warning.contains(#""state":"01ABC""#))
    }
}
