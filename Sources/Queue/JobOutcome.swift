/// What became of a job that was claimed.
public enum JobOutcome: Hashable, Sendable {
    /// It is done, and leaves the queue.
    case completed

    /// It was not done: it comes again as the queue's ``RetrySchedule`` says, or goes to the dead letters.
    ///
    /// - Parameters:
    ///   - error: A stable class of error, such as `ai_overloaded`; it is kept with the job.
    ///   - isFinal: Whether it would fail again.
    ///   - notBefore: The shortest wait before the next attempt, where the schedule's wait is shorter.
    case failed(error: String, isFinal: Bool = false, notBefore: Duration = .zero)

    /// It was not even tried, since there was no time left or a circuit was open: it comes again after a while, and the
    /// claim does not count as an attempt.
    case released(after: Duration = .zero)
}
