import Base
import Core
import Runs
import Testing
import Queue

@Suite struct ClaimedStepTests {
    @Test func `all attempts of a step have the same idempotency key`() {
        let run = ID<Run>.make()
        let keys = [1, 2].map { attempt in
            ClaimedStep(
                lease: JobLease(job: .make(), fence: Int64(attempt)),
                team: .v7(),
                run: run,
                number: 3,
                name: "build",
                tool: "test:echo",
                inputs: JSONText(trusted: Array("{}".utf8)),
                attempt: attempt
            ).idempotencyKey
        }
        #expect(keys == ["\(run):3", "\(run):3"])
    }
}
