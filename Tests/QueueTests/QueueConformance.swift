import Base
import Core
import TestSupport
import Testing
import Queue

/// What every queue must do, whatever it keeps its jobs in.
enum QueueConformance: String, CaseIterable {
    case `of jobs that are due the first is the one of the lowest number, then the one that was put in first`
    case `a claim takes as many as it asks for, of its topic alone`
    case `a job is not claimed twice`
    case `a job is due when its delay is over, and not before`
    case `a job that is there already is not put in again`
    case `a payload stays as it is, also when it is tried again`
    case `a job keeps its id and its age over its attempts`
    case `a job that fails comes again after 2, 5 and 10 seconds, and then no more`
    case `a job that asks for a longer wait than the schedule's gets it`
    case `a job that would fail again is given up at once`
    case `a job that was released has lost no attempt, however often`
    case `an open circuit puts a job off without giving it up`
    case `what is said of a job counts once`
    case `what is said too late changes nothing`
    case `a lease that is over makes the job come again, in the end to the dead letters`
    case `a heartbeat keeps a job`
    case `a job is cancelled before and while it is done`
    case `no more of a topic are under way than it may have`
    case `a tenant at its limit does not keep others waiting`
    case `those who hang do not keep a topic busy for ever`
    case `every consumer gets its share`
    case `who has little to do has its turn beside who has much, whatever they say of their own`
    case `everybody has a turn before anybody has another`
    case `one tenant alone gets all that is asked for`
    case `a claim for some tenants takes no other tenant's jobs`
    case `a topic counts what is its own`
    case `the oldest is told by when it was put in, and the longest wait by when it was due`
    case `a dead letter goes back to where it came from`
    case `not more than 500 dead letters go back at once`
    case `dead letters come in pages`
    case `eight threads do every job once`

    func check(_ queue: QueueUnderTest<some Queue & SendableMetatype & ~Copyable>) throws {
        switch self {
        case .`of jobs that are due the first is the one of the lowest number, then the one that was put in first`:
            try checkOrder(queue)
        case .`a claim takes as many as it asks for, of its topic alone`: try checkBatches(queue)
        case .`a job is not claimed twice`: try checkClaimedOnce(queue)
        case .`a job is due when its delay is over, and not before`: try checkDelay(queue)
        case .`a job that is there already is not put in again`: try checkDuplicates(queue)
        case .`a payload stays as it is, also when it is tried again`: try checkPayload(queue)
        case .`a job keeps its id and its age over its attempts`: try checkIdentity(queue)
        case .`a job that fails comes again after 2, 5 and 10 seconds, and then no more`: try checkSchedule(queue)
        case .`a job that asks for a longer wait than the schedule's gets it`: try checkLongerWait(queue)
        case .`a job that would fail again is given up at once`: try checkFinalFailure(queue)
        case .`a job that was released has lost no attempt, however often`: try checkRelease(queue)
        case .`an open circuit puts a job off without giving it up`: try checkOpenCircuit(queue)
        case .`what is said of a job counts once`: try checkOnce(queue)
        case .`what is said too late changes nothing`: try checkFence(queue)
        case .`a lease that is over makes the job come again, in the end to the dead letters`: try checkExpiry(queue)
        case .`a heartbeat keeps a job`: try checkHeartbeat(queue)
        case .`a job is cancelled before and while it is done`: try checkCancellation(queue)
        case .`no more of a topic are under way than it may have`: try checkTopicLimit(queue)
        case .`a tenant at its limit does not keep others waiting`: try checkTenantLimit(queue)
        case .`those who hang do not keep a topic busy for ever`: try checkHanging(queue)
        case .`every consumer gets its share`: try checkConsumers(queue)
        case .`who has little to do has its turn beside who has much, whatever they say of their own`:
            try checkTurns(queue)
        case .`everybody has a turn before anybody has another`: try checkRounds(queue)
        case .`one tenant alone gets all that is asked for`: try checkLoneTenant(queue)
        case .`a claim for some tenants takes no other tenant's jobs`: try checkChosenTenants(queue)
        case .`a topic counts what is its own`: try checkCounts(queue)
        case .`the oldest is told by when it was put in, and the longest wait by when it was due`: try checkAges(queue)
        case .`a dead letter goes back to where it came from`: try checkRedrive(queue)
        case .`not more than 500 dead letters go back at once`: try checkRedriveLimit(queue)
        case .`dead letters come in pages`: try checkPages(queue)
        case .`eight threads do every job once`: try checkRace(queue)
        }
    }
}
