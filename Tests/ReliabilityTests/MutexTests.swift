import Base
import Core
import Glibc
import TestSupport
import Testing
import Reliability

@Suite struct MutexTests {
    /// Waits until a number of threads wait for a lock.
    private static func waitForWaiters(_ count: Int, _ waiters: () -> Int) {
        while waiters() != count { sched_yield() }
    }

    // Cases: breaker 76
    @Test func `waiting threads get the lock in the order of arrival`() {
        let mutex = Mutex([Int]())
        let threads = mutex.withLock { order in
            let threads = (0..<3).map { number in
                defer { Self.waitForWaiters(number + 1) { mutex.waiters } }
                return TestThread { mutex.withLock { $0.append(number) } }
            }
            order.append(-1)
            return threads
        }
        for thread in threads { thread.join() }
        #expect(mutex.withLock { $0 } == [-1, 0, 1, 2])
        #expect(mutex.waiters == 0)
        #expect(!mutex.isLocked)
    }

    // Cases: breaker 77
    @Test func `a body that throws leaves the lock free`() {
        let mutex = Mutex(1)
        #expect(throws: Transient()) { try mutex.withLock { _ in throw Transient() } }
        #expect(throws: Transient()) { try mutex.tryLock { _ in throw Transient() } }
        #expect(!mutex.isLocked)
        #expect(mutex.tryLock { $0 } == 1)
        let timed = TimedMutex(1)
        #expect(throws: Transient()) { try timed.withLock(until: .test) { _ in throw Transient() } }
        #expect(!timed.isLocked)
        #expect(timed.tryLock { $0 } == 1)
    }

    // Cases: breaker 78
    @Test func `tryLock of a held lock neither waits nor queues`() {
        let mutex = Mutex(1)
        mutex.withLock { _ in
            #expect(TestThread { mutex.tryLock { $0 } }.join() == nil)
            #expect(mutex.waiters == 0)
            #expect(mutex.isLocked)
        }
        #expect(mutex.tryLock { $0 } == 1)
    }

    @Test func `tryLock in the thread that holds the lock fails`() throws {
        let mutex = Mutex(1)
        mutex.withLock { _ in #expect(mutex.tryLock { $0 } == nil) }
        let timed = TimedMutex(1)
        try timed.withLock(until: .test) { _ in
            #expect(timed.tryLock { $0 } == nil)
            #expect(throws: LockError.heldByCaller) { try timed.withLock(until: .test) { $0 } }
            #expect(timed.waiters == 0)
        }
        #expect(try timed.withLock(until: .test) { $0 } == 1)
    }

    @Test func `a recursive lock traps`() async {
        await #expect(processExitsWith: .failure) {
            let mutex = Mutex(1)
            mutex.withLock { _ in mutex.withLock { _ in } }
        }
    }

    // Cases: breaker 79
    @Test func `a thread whose wait times out leaves the queue`() {
        let mutex = TimedMutex(0)
        let holder = ThreadBarrier(for: 2)
        let end = ThreadBarrier(for: 2)
        let thread = TestThread<Void> {
            mutex.tryLock { _ in
                holder.wait()
                end.wait()
            }
        }
        holder.wait()
        #expect(throws: LockError.timedOut) { try mutex.withLock(until: .after(.milliseconds(2))) { $0 += 1 } }
        #expect(throws: LockError.timedOut) { try mutex.withLock(until: .after(.zero)) { $0 += 1 } }
        #expect(mutex.waiters == 0)
        #expect(mutex.isLocked)
        end.wait()
        thread.join()
        #expect(!mutex.isLocked)
        #expect(mutex.tryLock { $0 } == 0)
    }

    // Cases: breaker 80
    @Test func `a thread whose wait is cancelled leaves the queue`() {
        let mutex = TimedMutex(0)
        let cancellation = Cancellation()
        let waiter = mutex.tryLock { _ in
            let waiter = TestThread<LockError?> {
                do {
                    try mutex.withLock(until: .test, cancellation: cancellation) { $0 += 1 }
                    return nil
                } catch {
                    return error as? LockError
                }
            }
            Self.waitForWaiters(1) { mutex.waiters }
            cancellation.cancel()
            Self.waitForWaiters(0) { mutex.waiters }
            return waiter
        }
        #expect(waiter?.join() == .cancelled)
        #expect(!mutex.isLocked)
        #expect(throws: LockError.cancelled) { try mutex.withLock(until: .test, cancellation: cancellation) { $0 } }
        #expect(mutex.tryLock { $0 } == 0)
    }

    // Cases: breaker 80
    @Test func `a thread behind one that stops waiting still gets the lock`() throws {
        let mutex = TimedMutex([Int]())
        let cancellation = Cancellation()
        let threads = mutex.tryLock { _ in
            let threads = [cancellation, Cancellation()].enumerated().map { number, cancellation in
                defer { Self.waitForWaiters(number + 1) { mutex.waiters } }
                return TestThread<Void> {
                    try? mutex.withLock(until: .test, cancellation: cancellation) { $0.append(number) }
                }
            }
            cancellation.cancel()
            Self.waitForWaiters(1) { mutex.waiters }
            return threads
        }
        for thread in try #require(threads) { thread.join() }
        #expect(mutex.tryLock { $0 } == [1])
    }

    @Test func `a free lock is acquired even after the deadline`() throws {
        #expect(try TimedMutex(7).withLock(until: .after(.zero)) { $0 } == 7)
    }

    // Cases: breaker 82
    @Test func `a timeout during a hand-over neither loses nor duplicates the lock`() throws {
        let mutex = TimedMutex(0)
        // This unprotected counter detects two holders at the same time.
        let inside = Counter()
        let finished = Counter()
        let rounds = 10_000
        let outcomes = try runConcurrently(2) { number, barrier in
            defer { finished.add(1) }
            barrier()
            var got = 0
            var late = 0
            // One thread takes the lock as long as the other one tries.
            while number == 0 ? finished.value == 0 : got + late < rounds {
                // From too short to wait at all to longer than the other thread holds the lock.
                let patience = Duration.nanoseconds((got + late) % 97 * 500)
                do {
                    try mutex.withLock(until: number == 0 ? .distantFuture : .after(patience)) { count in
                        #expect(inside.add(1) == 1)
                        count += 1
                        for _ in 0..<(got % 13) { sched_yield() }
                        inside.add(-1)
                    }
                    got += 1
                } catch LockError.timedOut {
                    late += 1
                }
            }
            return (got, late)
        }
        #expect(outcomes[0].0 > 0 && outcomes[0].1 == 0)
        #expect(outcomes[1].0 > 0 && outcomes[1].1 > 0)
        #expect(!mutex.isLocked)
        #expect(mutex.waiters == 0)
        #expect(mutex.tryLock { $0 } == outcomes[0].0 + outcomes[1].0)
    }

    // Cases: breaker 83
    @Test func `the increments of ten threads add up`() throws {
        let mutex = Mutex(0)
        _ = try runConcurrently(10) { _, barrier in
            barrier()
            for _ in 0..<1_000 {
                mutex.withLock { value in
                    let before = value
                    sched_yield()
                    value = before + 1
                }
            }
        }
        #expect(mutex.withLock { $0 } == 10_000)
    }
}
