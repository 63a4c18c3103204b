public import Base
import Cryptography
import Glibc
import Synchronization
import System

/// A built endpoint or tool, run as in production: a process that reads an event from standard input.
///
/// Endpoints are links to the one program that contains them all, so that after a change only one program is linked
/// again.
public struct TestFunction: Sendable {
    /// The secret, issuer and audience that the functions under test accept.
    public static let secret = "a secret of the tests, of 32 bytes and more"
    public static let issuer = "https://issuer.test"
    public static let audience = "nofx-test"

    let path: String
    public let environment: [String: String]

    /// Refers to an endpoint and its database.
    ///
    /// - Parameters:
    ///   - name: The name of the endpoint.
    ///   - database: The value of `DATABASE_URL`; nil to omit it.
    ///   - token: The value of `NOFX_TOKEN`; nil to omit it.
    ///   - environment: Further variables, or other values for the default ones; an empty value omits a variable.
    public init(_ name: String, database: String?, token: String? = nil, environment: [String: String] = [:]) {
        self.init(path: Self.path(of: name), database: database, token: token, environment: environment)
    }

    /// Refers to a program of the folder `Tools` and its database.
    public init(tool name: String, database: String?, environment: [String: String] = [:]) {
        self.init(path: "\(Subprocess.buildFolder)/\(name)", database: database, token: nil, environment: environment)
    }

    private init(path: String, database: String?, token: String?, environment: [String: String]) {
        self.path = path
        var all = [
            "NOFX_JWT_SECRET": Self.secret, "NOFX_JWT_ISSUER": Self.issuer, "NOFX_JWT_AUDIENCE": Self.audience,
            // Tests call more often than the default limits permit.
            "NOFX_WRITES_PER_MINUTE": "0", "NOFX_INVITES_PER_DAY": "0",
            "NOFX_INVITES_PER_USER_PER_DAY": "0", "NOFX_INVITES_PER_ADDRESS_PER_DAY": "0",
            "NOFX_DEFAULT_TOOLS": "all",
            "NOFX_WEBHOOK_KEY": "a key for the webhooks of tests only",
        ]
        all["DATABASE_URL"] = database
        all["NOFX_TOKEN"] = token
        all["LLVM_PROFILE_FILE"] = Self.profile
        self.environment = all.merging(environment) { $1 }.filter { !$0.value.isEmpty }
    }

    /// The path of an endpoint's program: a link to `nofx` with the endpoint's name.
    public static func path(of name: String) -> String {
        "\(folder(of: [name]))/\(name)"
    }

    /// A folder with the programs of at least these endpoints.
    public static func folder(of names: [String]) -> String {
        let folder = "\(Subprocess.buildFolder)/endpoints"
        // The folder and the links may already exist.
        unsafe mkdir(folder, 0o777)
        for name in names { unsafe symlink("../nofx", "\(folder)/\(name)") }
        return folder
    }

    /// Starts the function.
    public func start(_ arguments: [String] = []) throws -> Subprocess {
        try Subprocess(path, arguments, environment: environment)
    }

    /// Runs the function on one event.
    public func run(_ event: String, _ arguments: [String] = []) throws -> Subprocess.Outcome {
        try start(arguments).finish(Array(event.utf8))
    }

    /// Runs the function on bytes that need not be valid UTF-8.
    public func run(bytes: [UInt8]) throws -> Subprocess.Outcome {
        try start().finish(bytes)
    }

    /// Starts the function on an event and kills it as soon as it waits for a lock in the database.
    public func killWhileWaiting(_ event: String, in database: TestDatabase) throws -> Subprocess.Outcome {
        try signalWhileWaiting(event, SIGKILL, in: database)
    }

    /// Starts the function on an event and sends it a signal as soon as it waits for a lock in the database.
    public func signalWhileWaiting(
        _ event: String,
        _ signal: Int32,
        in database: TestDatabase
    ) throws -> Subprocess.Outcome {
        let process = Mutex<pid_t?>(nil)
        let thread = TestThread {
            Result {
                let started = try start()
                process.withLock { $0 = started.processID }
                return started.finish(Array(event.utf8))
            }
        }
        try database.awaitWaiters()
        if let process = process.withLock({ $0 }) { kill(process, signal) }
        return try thread.join().get()
    }

    /// A token that the functions under test accept.
    public static func token(for subject: String, email: String? = nil, scopes: [String] = []) throws -> String {
        try TokenIssuer(secret: Secret(secret), issuer: issuer, audience: audience)
            .token(subject: subject, email: email.flatMap(EmailAddress.init), scopes: scopes)
    }

    // Includes the functions' processes in the coverage of a test run.
    private static let profile = Environment.current()["LLVM_PROFILE_FILE"]
}

extension Subprocess.Outcome {
    /// The answer as JSON.
    ///
    /// - Throws: An error unless the output is exactly one JSON value on one line.
    public func json() throws -> JSONValue {
        guard output.utf8.last == UInt8(ascii: "\n"), output.utf8.count(where: { $0 == UInt8(ascii: "\n") }) == 1 else {
            throw NotOneLine(output: output, errors: errors, status: status)
        }
        return try JSONDocument(parsing: Array(output.utf8.dropLast())).root
    }
}

/// The output is not exactly one line.
public struct NotOneLine: Error {
    let output: String
    let errors: String
    let status: Int32
}
