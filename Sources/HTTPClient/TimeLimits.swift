internal import Base

/// The time limits of a request, in libcurl's units.
struct TimeLimits {
    /// For the connection, at least 1.
    ///
    /// libcurl would replace zero by its default of five minutes.
    let connectMilliseconds: Int

    /// For the whole request, at least 1 if there is a deadline; zero means no limit.
    let milliseconds: Int

    init(connecting: Duration, deadline: Deadline?) {
        connectMilliseconds = max(Deadline.after(connecting).remainingMilliseconds, 1)
        milliseconds = deadline.map { max($0.remainingMilliseconds, 1) } ?? 0
    }

    /// Whether the connect timeout expires before the deadline.
    var endConnectingFirst: Bool { milliseconds == 0 || connectMilliseconds < milliseconds }
}
