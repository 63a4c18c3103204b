import Base
import Core
import System

extension Quotas {
    /// Reads what an operator allows.
    init(_ environment: Environment) throws(ConfigurationError) {
        self.init()
        teams = try environment.integer("NOFX_MAX_TEAMS", in: 1...100_000, default: teams)
        members = try environment.integer("NOFX_MAX_MEMBERS", in: 1...100_000, default: members)
        invites = try environment.integer("NOFX_MAX_INVITES", in: 1...100_000, default: invites)
        keys = try environment.integer("NOFX_MAX_KEYS", in: 1...100_000, default: keys)
        keyEnvironment = try environment.keyEnvironment("NOFX_ENVIRONMENT", default: keyEnvironment)
        invitations = try environment.rate("NOFX_INVITES_PER_DAY", default: 50, seconds: 86_400)
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
        queuedStepsPerTeam = try environment.integer(
            "NOFX_MAX_QUEUED_STEPS_PER_TEAM",
            in: 1...100_000_000,
            default: queuedStepsPerTeam
        )
        queuedSteps = try environment.integer("NOFX_MAX_QUEUED_STEPS", in: 1...100_000_000, default: queuedSteps)
        aiBudget = Budget(
            daily: try environment.dollars("NOFX_AI_DAILY_BUDGET_USD"),
            monthly: try environment.dollars("NOFX_AI_MONTHLY_BUDGET_USD")
        )
    }
}

extension Environment {
    /// Which API keys are meant.
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

    /// An amount of money, where one is set.
    fileprivate func dollars(_ name: String) throws(ConfigurationError) -> USDollars? {
        guard let text = self[name] else { return nil }
        guard let amount = USDollars(text) else { throw ConfigurationError(name, "must be \(USDollars.inWords)") }
        return amount
    }

    /// A rate, none for zero; the whole count may come at once, unless a burst is named.
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
