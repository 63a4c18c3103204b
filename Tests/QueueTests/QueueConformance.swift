import Base
import Core
import TestSupport
import Testing
import Queue

/// The contract that every queue fulfils, wherever it stores its jobs.
enum QueueConformance: String, CaseIterable {
    case `due jobs are claimed by priority, then by due time, then by id`
    case `a claim gets only jobs of its topic, up to its count`
    case `of concurrent claims one gets the job`
    case `a delayed job is due at its time and not before`
    case `a job whose id is in the queue is not enqueued again`
    case `a payload is unchanged in all attempts`
    case `a job keeps its id and its age in all attempts`
    case `a failed job is retried after 2, 5 and 10 seconds, and then dead-lettered`
    case `a failed job may ask for a longer wait than the schedule's`
    case `a job with a permanent error is dead-lettered at once`
    case `a released job keeps its attempts, however often it is released`
    case `an open breaker delays a job without dead-lettering it`
    case `a result that is reported twice counts once`
    case `a report with a lost lease changes nothing`
    case `a job whose lease expires is retried, and in the end dead-lettered`
    case `a heartbeat extends the lease of a job`
    case `a job can be cancelled while it waits and while it runs`
    case `the running jobs of a topic never exceed its limit`
    case `a tenant at its limit does not block other tenants`
    case `claimants that hang do not block a topic at its limit forever`
    case `every claimant gets a share of the jobs`
    case `a tenant with few jobs gets its turns beside one with many, whatever their priorities`
    case `every tenant gets a turn before a tenant gets its next one`
    case `a single tenant gets the whole count of a claim`
    case `a claim for some tenants gets no other tenant's jobs`
    case `the counts of a topic include only its own jobs`
    case `the oldest age counts from the enqueueing, and the longest wait from the due time`
    case `a redriven job returns to its topic`
    case `a redrive returns at most 500 jobs`
    case `dead letters are paged`
    case `eight threads execute every job once`

    func check(_ queue: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        switch self {
        case .`due jobs are claimed by priority, then by due time, then by id`:
            try checkOrder(queue)
        case .`a claim gets only jobs of its topic, up to its count`: try checkBatches(queue)
        case .`of concurrent claims one gets the job`: try checkClaimedOnce(queue)
        case .`a delayed job is due at its time and not before`: try checkDelay(queue)
        case .`a job whose id is in the queue is not enqueued again`: try checkDuplicates(queue)
        case .`a payload is unchanged in all attempts`: try checkPayload(queue)
        case .`a job keeps its id and its age in all attempts`: try checkIdentity(queue)
        case .`a failed job is retried after 2, 5 and 10 seconds, and then dead-lettered`: try checkSchedule(queue)
        case .`a failed job may ask for a longer wait than the schedule's`: try checkLongerWait(queue)
        case .`a job with a permanent error is dead-lettered at once`: try checkFinalFailure(queue)
        case .`a released job keeps its attempts, however often it is released`: try checkRelease(queue)
        case .`an open breaker delays a job without dead-lettering it`: try checkOpenCircuit(queue)
        case .`a result that is reported twice counts once`: try checkOnce(queue)
        case .`a report with a lost lease changes nothing`: try checkFence(queue)
        case .`a job whose lease expires is retried, and in the end dead-lettered`: try checkExpiry(queue)
        case .`a heartbeat extends the lease of a job`: try checkHeartbeat(queue)
        case .`a job can be cancelled while it waits and while it runs`: try checkCancellation(queue)
        case .`the running jobs of a topic never exceed its limit`: try checkTopicLimit(queue)
        case .`a tenant at its limit does not block other tenants`: try checkTenantLimit(queue)
        case .`claimants that hang do not block a topic at its limit forever`: try checkHanging(queue)
        case .`every claimant gets a share of the jobs`: try checkConsumers(queue)
        case .`a tenant with few jobs gets its turns beside one with many, whatever their priorities`:
            try checkTurns(queue)
        case .`every tenant gets a turn before a tenant gets its next one`: try checkRounds(queue)
        case .`a single tenant gets the whole count of a claim`: try checkLoneTenant(queue)
        case .`a claim for some tenants gets no other tenant's jobs`: try checkChosenTenants(queue)
        case .`the counts of a topic include only its own jobs`: try checkCounts(queue)
        case .`the oldest age counts from the enqueueing, and the longest wait from the due time`: try checkAges(queue)
        case .`a redriven job returns to its topic`: try checkRedrive(queue)
        case .`a redrive returns at most 500 jobs`: try checkRedriveLimit(queue)
        case .`dead letters are paged`: try checkPages(queue)
        case .`eight threads execute every job once`: try checkRace(queue)
        }
    }
}
