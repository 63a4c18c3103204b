import Glibc

/// A value that one thread at a time may use, and whose changes others can wait for.
///
/// It is a mutex with a condition variable, on the clock that cannot be set. Who waits looks at the value whenever it
/// changes, so no wake-up is lost: there is nothing to miss between looking and waiting.
///
/// Unlike `Synchronization.Mutex`, whose lock is in a library that was not built for it, ThreadSanitizer understands
/// this one.
public final class Monitor<Value: ~Copyable>: Sendable {
    private let mutex: Cell<pthread_mutex_t>
    private let condition: Cell<pthread_cond_t>
    private let value: Cell<Value>

    /// Guards a value.
    public init(_ value: consuming sending Value) {
        mutex = Cell(pthread_mutex_t())
        condition = Cell(pthread_cond_t())
        self.value = Cell(value)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let made = pthread_mutex_init(mutex.pointer, nil) == 0 && pthread_cond_init(condition.pointer, &attributes) == 0
        precondition(made, "a mutex and a condition variable need memory only")
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition.pointer)
        pthread_mutex_destroy(mutex.pointer)
        condition.free()
        mutex.free()
        value.free()
    }

    /// Lends the value to `body`, when no other thread has it.
    ///
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    public func withLock<Output: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Output
    ) throws(Failure) -> sending Output {
        pthread_mutex_lock(mutex.pointer)
        defer { pthread_mutex_unlock(mutex.pointer) }
        return try body(&value.pointer.pointee)
    }

    /// As ``withLock(_:)``, and has those who wait look again, also after a `body` that throws.
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

    /// Waits until `body` finds in the value what it looks for.
    ///
    /// It looks at once, after each change, and for the last time when the wait is over.
    ///
    /// - Parameters:
    ///   - timeoutNanoseconds: How much longer to wait, asked before each wait; zero to give up.
    ///   - body: What to do with the value; nil to go on waiting. It may change the value without others being told.
    /// - Returns: What `body` returned in the end; nil when the wait was over before.
    /// - Throws: What `body` throws.
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

    /// Lets go of the mutex until something changes or the time is over; it may also end early.
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

/// A value at an address that stays, as the C library wants it.
///
/// The address is kept as a number, since every thread may know it: what is there is only touched under the mutex,
/// and the mutex and the condition variable are made for being touched by all.
private struct Cell<Value: ~Copyable>: Sendable {
    private let address: UInt

    init(_ value: consuming Value) {
        let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        pointer.initialize(to: value)
        address = UInt(bitPattern: pointer)
    }

    var pointer: UnsafeMutablePointer<Value> {
        guard let pointer = UnsafeMutablePointer<Value>(bitPattern: address) else {
            preconditionFailure("what was allocated is not at zero")
        }
        return pointer
    }

    func free() {
        pointer.deinitialize(count: 1)
        pointer.deallocate()
    }
}
