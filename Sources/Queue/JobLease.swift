public import Base

/// One claim of one job.
///
/// Another claim of the same job has another fence, so that whoever comes too late is known; so has a claim of a job
/// that was done and put in again under its id.
public struct JobLease: Hashable, Sendable {
    /// Which job.
    public let job: ID<Job>

    /// Which claim of it.
    public let fence: Int64

    /// Names a claim.
    public init(job: ID<Job>, fence: Int64) {
        self.job = job
        self.fence = fence
    }
}
