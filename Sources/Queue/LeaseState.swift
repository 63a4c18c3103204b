/// What a heartbeat found.
public enum LeaseState: Hashable, Sendable {
    /// The job is the claimant's for another lease.
    case held
    /// As ``held``, but nobody wants the job done any more: it should be ended soon.
    case cancelled
    /// The job is not the claimant's any more; whatever it says of it changes nothing.
    case lost
}
