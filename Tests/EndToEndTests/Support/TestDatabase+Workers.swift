import Glibc
import Postgres
import TestSupport

extension TestDatabase {
    /// A worker on this database.
    func runWorker(_ environment: [String: String] = [:]) -> TestFunction {
        TestFunction("runWorker", database: operatorURL, environment: environment)
    }

    /// Starts an endless worker, which has its whole event already.
    func startWorker(_ environment: [String: String] = [:]) throws -> Subprocess {
        let usual = [
            "NOFX_JWT_SECRET": TestFunction.secret, "NOFX_JWT_ISSUER": TestFunction.issuer,
            "NOFX_JWT_AUDIENCE": TestFunction.audience, "DATABASE_URL": operatorURL, "NOFX_DEFAULT_TOOLS": "all",
            // The log is read at the end only, so it must not fill its buffer before.
            "LOG_LEVEL": "warning",
        ]
        return try Subprocess(
            "/bin/sh",
            ["-c", "exec \"$0\" --forever </dev/null", TestFunction.path(of: "runWorker")],
            environment: usual.merging(environment) { $1 }
        )
    }

    /// Waits until the timelines show that this many steps have started.
    func awaitStarted(_ count: Int) throws {
        var connection = try connect()
        try Poll.until {
            try connection.transact(
                ["SELECT count(*) FROM nofx.events WHERE type = 'step.started'"],
                deadline: .test
            )[0].value(as: Int.self) >= count
        }
    }

    /// Expires all leases, as happens 30 s after a worker was killed.
    func endLeases() throws {
        try rows("UPDATE nofx.queue SET lease_until = now() - interval '1 second' WHERE state = 'running'")
    }

    /// Runs a function and sends it a signal after this many steps have started.
    func run(
        _ function: TestFunction,
        _ event: String = "{}",
        _ arguments: [String] = [],
        signal: Int32,
        afterStarting count: Int
    ) throws -> Subprocess.Outcome {
        let process = try function.start(arguments)
        let id = process.processID
        let sender = TestThread {
            try? self.awaitStarted(count)
            kill(id, signal)
        }
        let outcome = process.finish(Array(event.utf8))
        sender.join()
        return outcome
    }
}
