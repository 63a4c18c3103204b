/// What a claimant says of a job.
public struct JobResult: Hashable, Sendable {
    /// The claim.
    public let lease: JobLease

    /// What became of it.
    public let outcome: JobOutcome

    /// Tells what became of a claim.
    public init(_ lease: JobLease, _ outcome: JobOutcome) {
        self.lease = lease
        self.outcome = outcome
    }
}
