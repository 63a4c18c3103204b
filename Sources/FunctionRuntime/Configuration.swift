import Base
import Core
import Cryptography
import Postgres
import System

/// The configuration from the environment, read and checked once at start.
struct Configuration: Sendable {
    let database: ConnectionString
    let verifier: TokenVerifier?
    let keySetURL: KeySetURL?
    let logLevel: Log.Level
    let timeout: Duration
    let trustsAuthorizer: Bool
    let quotas: Quotas
    let issuer: String
    let audience: String

    /// The namespace of the metrics in the log, for CloudWatch; nil for no metrics.
    let metricsNamespace: String?

    /// Reads the configuration.
    ///
    /// - Parameters:
    ///   - environment: The environment variables.
    ///   - access: The callers that the function accepts.
    ///   - usualTimeout: The time limit of a call if `NOFX_TIMEOUT_MS` is not set.
    /// - Throws: The name of the first invalid variable and the rule it violates, never its value.
    init(
        _ environment: Environment,
        access: Access,
        usualTimeout: Duration = .seconds(10)
    ) throws(ConfigurationError) {
        logLevel = try Self.logLevel(environment)
        let milliseconds = usualTimeout.wholeMilliseconds
        // An endpoint with a longer default accepts values up to that default.
        let timeouts = 1...max(900_000, milliseconds)
        timeout = .milliseconds(try environment.integer("NOFX_TIMEOUT_MS", in: timeouts, default: milliseconds))
        trustsAuthorizer = try environment.flag("NOFX_TRUST_AUTHORIZER")
        let url = try environment.required("DATABASE_URL")
        do throws(PostgresError) {
            database = try ConnectionString(url)
        } catch {
            throw ConfigurationError("DATABASE_URL", error.debugDescription)
        }
        quotas = try Quotas(environment)
        metricsNamespace = try environment.metricsNamespace("NOFX_METRICS_NAMESPACE")
        guard case .authenticated = access else {
            (verifier, keySetURL, issuer, audience) = (nil, nil, "", "")
            return
        }
        issuer = try environment.required("NOFX_JWT_ISSUER")
        audience = try environment.required("NOFX_JWT_AUDIENCE")
        keySetURL = try Self.keySetURL(environment)
        verifier = try Self.verifier(environment, keysFollow: keySetURL != nil, issuer: issuer, audience: audience)
    }

    /// The configuration of a function, including the function's own variables, or the error.
    static func result<F: Function>(
        _ environment: Environment,
        for function: F.Type
    ) -> Result<Configuration, ConfigurationError> {
        do throws(ConfigurationError) {
            try function.checkConfiguration(environment)
            let configuration = try Configuration(
                environment,
                access: function.access,
                usualTimeout: function.usualTimeout
            )
            return .success(configuration)
        } catch {
            return .failure(error)
        }
    }

    private static func logLevel(_ environment: Environment) throws(ConfigurationError) -> Log.Level {
        guard let name = environment["LOG_LEVEL"] else { return .info }
        guard let level = Log.Level(rawValue: name.lowercasedASCII) else {
            throw ConfigurationError("LOG_LEVEL", "must be debug, info, warning or error")
        }
        return level
    }

    private static func keySetURL(_ environment: Environment) throws(ConfigurationError) -> KeySetURL? {
        guard let text = environment["NOFX_JWKS_URL"] else { return nil }
        guard environment["NOFX_JWKS"] == nil else {
            throw ConfigurationError("NOFX_JWKS_URL", "cannot be set beside NOFX_JWKS")
        }
        guard let url = KeySetURL(text) else { throw ConfigurationError("NOFX_JWKS_URL", KeySetURL.rule) }
        return url
    }

    private static func verifier(
        _ environment: Environment,
        keysFollow: Bool,
        issuer: String,
        audience: String
    ) throws(ConfigurationError) -> TokenVerifier {
        let secret = environment["NOFX_JWT_SECRET"].map { Secret($0) }
        let keys: JSONWebKeySet?
        do throws(KeyError) {
            keys = if let json = environment["NOFX_JWKS"] { try JSONWebKeySet(json: json) } else { nil }
        } catch {
            throw ConfigurationError("NOFX_JWKS", "\(error)")
        }
        guard secret != nil || keys != nil || keysFollow else {
            throw ConfigurationError("NOFX_JWT_SECRET", "is needed, unless NOFX_JWKS or NOFX_JWKS_URL is set")
        }
        do throws(KeyError) {
            if keysFollow { return try TokenVerifier(secret: secret, issuer: issuer, audience: audience) }
            return try TokenVerifier(secret: secret, keys: keys, issuer: issuer, audience: audience)
        } catch {
            throw ConfigurationError("NOFX_JWT_SECRET", "\(error)")
        }
    }
}

extension Quotas {
    /// Reads the quotas.
    init(_ environment: Environment) throws(ConfigurationError) {
        self.init()
        teams = try environment.integer("NOFX_MAX_TEAMS", in: 1...100_000, default: teams)
        members = try environment.integer("NOFX_MAX_MEMBERS", in: 1...100_000, default: members)
        invites = try environment.integer("NOFX_MAX_INVITES", in: 1...100_000, default: invites)
        keys = try environment.integer("NOFX_MAX_KEYS", in: 1...100_000, default: keys)
        keyEnvironment = try environment.keyEnvironment("NOFX_ENVIRONMENT", default: keyEnvironment)
        invitations = try environment.rate("NOFX_INVITES_PER_DAY", default: 50, seconds: 86_400)
        invitationsByUser = try environment.rate("NOFX_INVITES_PER_USER_PER_DAY", default: 100, seconds: 86_400)
        invitationsToAddress = try environment.rate("NOFX_INVITES_PER_ADDRESS_PER_DAY", default: 10, seconds: 86_400)
        writes = try environment.rate(
            "NOFX_WRITES_PER_MINUTE",
            default: 60,
            seconds: 60,
            burst: environment.integer("NOFX_WRITE_BURST", in: 1...1_000_000, default: 20)
        )
        reads = try environment.rate(
            "NOFX_READS_PER_MINUTE",
            default: 0,
            seconds: 60,
            burst: environment.integer("NOFX_READ_BURST", in: 1...1_000_000, default: 60)
        )
        if let text = environment["NOFX_DEFAULT_TOOLS"] {
            guard let tools = DefaultTools(text) else {
                throw ConfigurationError("NOFX_DEFAULT_TOOLS", "must be all, or tools separated by commas")
            }
            defaultTools = tools
        }
        queuedStepsPerTeam = try environment.integer(
            "NOFX_MAX_QUEUED_STEPS_PER_TEAM",
            in: 1...100_000_000,
            default: queuedStepsPerTeam
        )
        storedBytesPerTeam = try environment.integer(
            "NOFX_MAX_STORED_BYTES_PER_TEAM",
            in: 1...(1 << 50),
            default: storedBytesPerTeam
        )
        waitingCallsPerUser = try environment.integer(
            "NOFX_MAX_WAITING_CALLS",
            in: 1...1_000,
            default: waitingCallsPerUser
        )
        queuedSteps = try environment.integer("NOFX_MAX_QUEUED_STEPS", in: 1...100_000_000, default: queuedSteps)
        aiBudget = Budget(
            daily: try environment.dollars("NOFX_AI_DAILY_BUDGET_USD"),
            monthly: try environment.dollars("NOFX_AI_MONTHLY_BUDGET_USD"),
            unpriced: try environment.unpriced("NOFX_AI_UNPRICED")
        )
    }
}

extension Environment {
    /// A namespace of metrics in CloudWatch; nil if the variable is not set.
    fileprivate func metricsNamespace(_ name: String) throws(ConfigurationError) -> String? {
        guard let namespace = self[name] else { return nil }
        guard namespace.utf8.count <= 255, !namespace.utf8.starts(with: "AWS/".utf8),
            namespace.utf8.allSatisfy({ $0.isDigit || $0.isLetter || ".-_/#:".utf8.contains($0) })
        else {
            throw ConfigurationError(
                name,
                "must have at most 255 letters, digits and characters of .-_/#:, and must not begin with AWS/"
            )
        }
        return namespace
    }

    /// The API keys that are accepted: live or test.
    fileprivate func keyEnvironment(
        _ name: String,
        default fallback: KeyEnvironment
    ) throws(ConfigurationError) -> KeyEnvironment {
        guard let word = self[name] else { return fallback }
        guard let value = KeyEnvironment(exactly: word.utf8) else {
            throw ConfigurationError(name, "must be live or test")
        }
        return value
    }

    /// An amount of money, or nil if the variable is not set.
    fileprivate func dollars(_ name: String) throws(ConfigurationError) -> USDollars? {
        guard let text = self[name] else { return nil }
        guard let amount = USDollars(text) else { throw ConfigurationError(name, "must be \(USDollars.inWords)") }
        return amount
    }

    /// Whether calls whose cost is not known are made under a budget.
    fileprivate func unpriced(_ name: String) throws(ConfigurationError) -> Budget.Unpriced {
        guard let word = self[name] else { return .deny }
        guard let value = Budget.Unpriced.allCases.first(where: { $0.rawValue.utf8.elementsEqual(word.utf8) }) else {
            throw ConfigurationError(name, "must be deny or allow")
        }
        return value
    }

    /// A rate, or nil for zero.
    ///
    /// The burst defaults to the whole count.
    fileprivate func rate(
        _ name: String,
        default fallback: Int,
        seconds: Int,
        burst: Int? = nil
    ) throws(ConfigurationError) -> Rate? {
        let count = try integer(name, in: 0...1_000_000, default: fallback)
        return count == 0 ? nil : Rate(count, in: seconds, burst: burst ?? count)
    }
}
