public import Base
public import Postgres

/// How a step of a run stands.
public enum StepStatus: String, CaseIterable, OutputValue, PostgresDecodable {
    /// It depends on others that are not done.
    case blocked
    /// A worker may take it, now or later.
    case queued
    /// A worker has it.
    case running
    /// Somebody has to decide.
    case waiting
    case succeeded, failed
    case timedOut = "timed_out"
    case cancelled
    /// Something that it depends on was not done.
    case skipped
}
