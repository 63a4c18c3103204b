internal import Base

/// Looks again and again whether a transfer should go on.
///
/// libcurl knows the deadline. Its own limit for silence is an average over seconds, and it asks nobody else for up to
/// a second.
struct TransferWatch {
    enum Verdict: Equatable {
        /// To go on, and to look again after so many milliseconds at the latest.
        case goOn(Int32)
        case silent
        case cancelled
    }

    /// How long nobody looks at a cancellation, in milliseconds.
    private static let blink: Int32 = 50

    private let idleLimit: Duration?
    private let cancellation: Cancellation?
    private var movedBytes = 0
    private var silence: Deadline

    init(idleLimit: Duration?, cancellation: Cancellation?) {
        self.idleLimit = idleLimit
        self.cancellation = cancellation
        silence = idleLimit.map { .after($0) } ?? .distantFuture
    }

    /// Looks at the clock and at the cancellation.
    ///
    /// - Parameters:
    ///   - bytes: How many have moved so far, in both directions.
    ///   - hasAnswer: Whether an answer has begun; what comes before it has the deadline for a limit, and connecting one
    ///     of its own.
    /// - Returns: What to do.
    mutating func look(bytes: Int, hasAnswer: Bool) -> Verdict {
        if cancellation?.isCancelled == true { return .cancelled }
        if let idleLimit, bytes != movedBytes || !hasAnswer {
            movedBytes = bytes
            silence = .after(idleLimit)
        }
        let left = silence.remainingMilliseconds
        guard left > 0 else { return .silent }
        return .goOn(min(Int32(clamping: left), cancellation == nil ? 1_000 : Self.blink))
    }
}
