import Base
import System
import TestSupport
import Testing

@Suite struct MonitorTests {
    @Test func `no wake-up is lost between two threads that alternate`() throws {
        let monitor = Monitor(0)
        let rounds = 20_000
        _ = try runConcurrently(2) { number, barrier in
            barrier()
            for round in 0..<rounds {
                let mine = 2 * round + number
                _ = monitor.wait(timeoutNanoseconds: { _ in .max }) { $0 == mine ? true : nil }
                monitor.change { $0 += 1 }
            }
        }
        #expect(monitor.withLock { $0 } == 2 * rounds)
    }

    @Test func `a waiting thread checks again at its timeout, and never early`() {
        let monitor = Monitor(0)
        let deadline = Deadline.after(.milliseconds(3))
        var looks = 0
        let found: Bool? = monitor.wait(timeoutNanoseconds: { _ in deadline.remainingNanoseconds }) { _ in
            looks += 1
            return nil
        }
        #expect(found == nil)
        #expect(looks >= 2)
        #expect(deadline.hasPassed)
    }

    @Test func `a wait with a timeout of zero checks once`() {
        var looks = 0
        let found: Int? = Monitor(7).wait(timeoutNanoseconds: { _ in 0 }) { value in
            looks += 1
            return value
        }
        #expect(found == 7)
        let none: Int? = Monitor(7).wait(timeoutNanoseconds: { _ in 0 }) { _ in
            looks += 1
            return nil
        }
        #expect(none == nil)
        #expect(looks == 2)
    }

    @Test func `a body that throws releases the value and wakes the waiting threads`() {
        let monitor = Monitor(0)
        let waiter = TestThread { monitor.wait(timeoutNanoseconds: { _ in .max }) { $0 == 0 ? nil : $0 } }
        #expect(throws: Transient()) {
            try monitor.change { value in
                value = 3
                throw Transient()
            }
        }
        #expect(waiter.join() == 3)
        #expect(throws: Transient()) { try monitor.withLock { _ in throw Transient() } }
        #expect(monitor.withLock { $0 } == 3)
    }

    @Test func `the value is released with the monitor`() {
        final class Tracked: Sendable {
            let ended: Counter
            init(_ ended: Counter) { self.ended = ended }
            deinit { ended.add(1) }
        }
        let ended = Counter()
        do {
            let monitor = Monitor(Tracked(ended))
            #expect(monitor.withLock { $0.ended.value } == 0)
        }
        #expect(ended.value == 1)
    }
}
