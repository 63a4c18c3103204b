public import Base
public import System

extension Retention {
    /// How long trails are kept, and where they go then.
    public struct Settings: Sendable {
        /// The days that activity, security events and operators' actions are kept; nil for ever.
        var trailDays: Int?

        /// The folder that gets the records before they are deleted; nil to only delete them.
        var archive: String?

        /// A year, without an archive.
        public init() {
            trailDays = 365
            archive = nil
        }

        /// Reads an operator's settings.
        ///
        /// - Throws: `ConfigurationError`.
        public init(_ environment: Environment) throws(ConfigurationError) {
            let name = "NOFX_ACTIVITY_RETENTION_DAYS"
            let days = try environment.integer(name, in: 0...36_500, default: 365)
            guard days == 0 || days >= 30 else { throw ConfigurationError(name, "must be 0 or at least 30") }
            trailDays = days == 0 ? nil : days
            archive = environment["NOFX_ARCHIVE_DIRECTORY"]
        }
    }
}
