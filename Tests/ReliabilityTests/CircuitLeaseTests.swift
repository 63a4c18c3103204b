import Core
import Testing

@testable import Reliability

/// Probes of calls that may take longer than the policy's limit.
@Suite struct CircuitLeaseTests {
    @Test func `a policy for longer calls differs in their time only`() throws {
        let policy = try CircuitBreakerPolicy(failureThreshold: 3, growthFactor: 2)
        #expect(policy.lasting(.seconds(60)) == policy)
        #expect(policy.lasting(.seconds(600)).lease == .seconds(610))
        #expect(policy.lasting(.seconds(600)).failureThreshold == 3)
        // A call without an end must not hold a permit for ever.
        #expect(policy.lasting(.seconds(1 << 40)).lease == .seconds(3_610))
    }

    @Test(arguments: StoreKind.allCases)
    func `a probe keeps its permit as long as its call may last, whoever asks meanwhile`(_ kind: StoreKind) throws {
        var usual = try TestBreaker(kind, .units())
        var patient = try usual.under(usual.policy.lasting(.seconds(2_900)))
        try usual.openAndWait()
        let first = try patient.permit()
        #expect(try usual.answer() == "probe")
        #expect(try usual.answer() == "probing 30")
        try patient.advance(by: .seconds(2_900))
        #expect(try usual.answer() == "probing 1")
        #expect(try patient.record(.success, of: first) == nil)
        try patient.advance(by: .seconds(100))
        #expect(try usual.answer() == "probe")
    }
}
