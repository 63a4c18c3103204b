import System
import Testing

@Suite struct ThreadsTests {
    @Test func `joining threads waits for all of them`() throws {
        let count = Monitor(0)
        var threads = Threads()
        for _ in 0..<8 { try threads.start { count.change { $0 += 1 } } }
        #expect(threads.count == 8)
        threads.join()
        #expect(count.withLock { $0 } == 8)
        #expect(threads.count == 0)
    }

    @Test func `releasing threads waits for them too`() throws {
        let count = Monitor(0)
        do {
            var threads = Threads()
            for _ in 0..<4 { try threads.start { count.change { $0 += 1 } } }
        }
        #expect(count.withLock { $0 } == 4)
    }

    @Test func `detached threads continue on their own`() throws {
        let gate = Monitor(false)
        let count = Monitor(0)
        do {
            var threads = Threads()
            try threads.start {
                _ = gate.wait(timeoutNanoseconds: { _ in .max }) { $0 ? true : nil }
                count.change { $0 += 1 }
            }
            threads.abandon()
        }
        #expect(count.withLock { $0 } == 0)
        gate.change { $0 = true }
        _ = count.wait(timeoutNanoseconds: { _ in .max }) { $0 == 1 ? true : nil }
    }

    @Test func `a stack size beyond the machine's memory is an error`() {
        #expect(throws: SystemError.self) {
            var threads = Threads()
            try threads.start(stackBytes: 1 << 50) {}
        }
    }
}
