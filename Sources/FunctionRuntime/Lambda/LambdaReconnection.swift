internal import Base

/// How long a Runtime API that went away is waited for.
///
/// It is on the same machine: it is back within moments, or the machine is being taken down.
struct LambdaReconnection: Sendable {
    /// The first pause; each one is twice as long as the one before.
    var firstPause: Duration = .milliseconds(20)

    /// The longest pause.
    var longestPause: Duration = .seconds(1)

    /// From the first failure to the last attempt.
    var patience: Duration = .seconds(10)

    /// The pause after a number of failures in a row, counted from one.
    func pause(after failures: Int) -> Duration {
        min(firstPause * (1 << min(failures - 1, 16)), longestPause)
    }
}
