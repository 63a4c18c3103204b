public import Base
public import System

extension RetryPolicy {
    /// The policy that an operator sets, by variables that all have defaults.
    ///
    /// `NOFX_RETRY_MAX` is how often it is tried again (0 to 10), `NOFX_RETRY_BASE_MS` the first wait and
    /// `NOFX_RETRY_CAP_MS` the longest one (0 to 3,600,000).
    ///
    /// - Throws: `ConfigurationError` for a variable that holds something else, or a cap below the base.
    public init(_ environment: Environment) throws(ConfigurationError) {
        let hour = 3_600_000
        let retries = try environment.integer("NOFX_RETRY_MAX", in: 0...10, default: 3)
        let base = try environment.integer("NOFX_RETRY_BASE_MS", in: 0...hour, default: 2_000)
        let cap = try environment.integer("NOFX_RETRY_CAP_MS", in: 0...hour, default: 15_000)
        do throws(RetryPolicyError) {
            try self.init(maxRetries: retries, base: .milliseconds(base), cap: .milliseconds(cap))
        } catch {
            throw ConfigurationError("NOFX_RETRY_CAP_MS", "must not be less than NOFX_RETRY_BASE_MS")
        }
    }
}
