internal import Base

/// How long a request may take, as libcurl counts it.
struct TimeLimits {
    /// For the connection, at least one: zero would mean libcurl's default of five minutes.
    let connectMilliseconds: Int

    /// For everything, at least one; zero means for ever.
    let milliseconds: Int

    init(connecting: Duration, deadline: Deadline?) {
        connectMilliseconds = max(Deadline.after(connecting).remainingMilliseconds, 1)
        milliseconds = deadline.map { max($0.remainingMilliseconds, 1) } ?? 0
    }

    /// Whether a connection that never comes is given up before the deadline.
    var endConnectingFirst: Bool { milliseconds == 0 || connectMilliseconds < milliseconds }
}
