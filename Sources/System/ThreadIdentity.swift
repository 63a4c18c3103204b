import Glibc

/// Which thread of the process something is done in.
public struct ThreadIdentity: Hashable, Sendable {
    private let handle: pthread_t

    /// The thread that asks.
    public static var current: ThreadIdentity { ThreadIdentity(handle: pthread_self()) }
}
