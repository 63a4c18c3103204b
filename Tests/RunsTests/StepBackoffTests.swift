import Runs
import Testing

// Cases: queue 49
@Suite struct StepBackoffTests {
    @Test(arguments: [(1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (64, 300), (1_000, 300)])
    func `each wait is twice the previous one, up to the cap`(attempts: Int, seconds: Int) {
        let backoff = StepBackoff()
        #expect(backoff.delay(afterAttempts: attempts, chance: 1) == .seconds(seconds))
        #expect(backoff.delay(afterAttempts: attempts, chance: 0) == .seconds(seconds) / 2)
    }
}
