internal import Base

/// Checks repeatedly whether a transfer may continue.
///
/// libcurl itself applies only the deadline. Its own idle limit is an average over seconds, and its progress callback
/// may not run for up to a second.
struct TransferWatch {
    enum Verdict: Equatable {
        /// Continue, and check again after at most this many milliseconds.
        case goOn(Int32)
        case silent
        case cancelled
    }

    /// The interval between checks of the cancellation, in milliseconds.
    private static let blink: Int32 = 50

    private let idleLimit: Duration?
    private let cancellation: Cancellation?
    private var movedBytes = 0
    private var silence: Deadline

    /// When the body must have begun; nil once it has, or without such a limit.
    private var firstByte: Deadline?

    init(idleLimit: Duration?, firstByteLimit: Duration? = nil, cancellation: Cancellation?) {
        self.idleLimit = idleLimit
        self.cancellation = cancellation
        silence = idleLimit.map { .after($0) } ?? .distantFuture
        firstByte = firstByteLimit.map { .after($0) }
    }

    /// Checks the clock and the cancellation.
    ///
    /// - Parameters:
    ///   - bytes: The number of bytes transferred so far, in both directions.
    ///   - hasAnswer: Whether a response has begun. Before that, the idle limit does not apply.
    ///   - hasBody: Whether a byte of the body has arrived. Before that, the limit of the first byte applies in place of
    ///     the idle limit.
    /// - Returns: Whether to continue.
    mutating func look(bytes: Int, hasAnswer: Bool, hasBody: Bool = true) -> Verdict {
        if cancellation?.isCancelled == true { return .cancelled }
        let isWaiting = !hasAnswer || firstByte != nil && !hasBody
        if let idleLimit, bytes != movedBytes || isWaiting {
            movedBytes = bytes
            silence = .after(idleLimit)
        }
        if hasBody, hasAnswer { firstByte = nil }
        let left = (firstByte ?? silence).remainingMilliseconds
        guard left > 0 else { return .silent }
        return .goOn(min(Int32(clamping: left), cancellation == nil ? 1_000 : Self.blink))
    }
}
