import Glibc

/// A value protected by a mutex, with a condition variable to wait for changes.
///
/// Timeouts use the monotonic clock. A waiting thread checks the value again after each change. It checks the value and
/// starts to wait under the same lock, so no wake-up is lost.
///
/// ThreadSanitizer understands this type. It does not understand `Synchronization.Mutex`, because the library with that
/// lock is not built for ThreadSanitizer.
public final class Monitor<Value: ~Copyable>: Sendable {
    private let mutex: Cell<pthread_mutex_t>
    private let condition: Cell<pthread_cond_t>
    private let value: Cell<Value>

    /// Protects a value.
    public init(_ value: consuming sending Value) {
        mutex = Cell(pthread_mutex_t())
        condition = Cell(pthread_cond_t())
        self.value = Cell(value)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let made = pthread_mutex_init(mutex.pointer, nil) == 0 && pthread_cond_init(condition.pointer, &attributes) == 0
        precondition(made, "creating a mutex and a condition variable fails only without memory")
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition.pointer)
        pthread_mutex_destroy(mutex.pointer)
        condition.free()
        mutex.free()
        value.free()
    }

    /// Runs `body` with exclusive access to the value.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: The error that `body` throws.
    public func withLock<Output: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Output
    ) throws(Failure) -> sending Output {
        pthread_mutex_lock(mutex.pointer)
        defer { pthread_mutex_unlock(mutex.pointer) }
        return try body(&value.pointer.pointee)
    }

    /// Like ``withLock(_:)``, and wakes all waiting threads afterwards, even if `body` throws.
    public func change<Output: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Output
    ) throws(Failure) -> sending Output {
        pthread_mutex_lock(mutex.pointer)
        defer {
            pthread_cond_broadcast(condition.pointer)
            pthread_mutex_unlock(mutex.pointer)
        }
        return try body(&value.pointer.pointee)
    }

    /// Waits until `body` returns a result.
    ///
    /// Calls `body` at once, after each change, and a last time when the timeout expires.
    ///
    /// - Parameters:
    ///   - timeoutNanoseconds: Returns the time left in nanoseconds; called before each wait. Zero ends the wait.
    ///   - body: Inspects the value; returns nil to continue to wait. It may change the value, but that wakes no other
    ///     thread.
    /// - Returns: The result of `body`, or nil if the timeout expired first.
    /// - Throws: The error that `body` throws.
    public func wait<Output, Failure: Error>(
        timeoutNanoseconds: (borrowing Value) -> UInt64,
        _ body: (inout sending Value) throws(Failure) -> sending Output?
    ) throws(Failure) -> sending Output? {
        pthread_mutex_lock(mutex.pointer)
        defer { pthread_mutex_unlock(mutex.pointer) }
        while true {
            if let output = try body(&value.pointer.pointee) { return output }
            let timeout = timeoutNanoseconds(value.pointer.pointee)
            guard timeout > 0 else { return nil }
            sleep(nanoseconds: timeout)
        }
    }

    /// Releases the mutex until a change or the timeout.
    ///
    /// A spurious early return is possible.
    private func sleep(nanoseconds: UInt64) {
        let (end, overflow) = SystemClock.monotonicNanoseconds().addingReportingOverflow(nanoseconds)
        guard !overflow, end < UInt64(Int64.max) else {
            pthread_cond_wait(condition.pointer, mutex.pointer)
            return
        }
        var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
        pthread_cond_timedwait(condition.pointer, mutex.pointer, &time)
    }
}

/// A value at a fixed address, as the C library requires.
///
/// The address is stored as an integer so that the type is `Sendable`. The stored value is accessed only under the
/// mutex; the mutex and the condition variable themselves are safe to use from all threads.
private struct Cell<Value: ~Copyable>: Sendable {
    private let address: UInt

    init(_ value: consuming Value) {
        let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        pointer.initialize(to: value)
        address = UInt(bitPattern: pointer)
    }

    var pointer: UnsafeMutablePointer<Value> {
        guard let pointer = UnsafeMutablePointer<Value>(bitPattern: address) else {
            preconditionFailure("an allocated address is never zero")
        }
        return pointer
    }

    func free() {
        pointer.deinitialize(count: 1)
        pointer.deallocate()
    }
}
