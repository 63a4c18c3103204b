import Glibc

/// The identity of a thread of this process.
public struct ThreadIdentity: Hashable, Sendable {
    private let handle: pthread_t

    /// The calling thread.
    public static var current: ThreadIdentity { ThreadIdentity(handle: pthread_self()) }
}
