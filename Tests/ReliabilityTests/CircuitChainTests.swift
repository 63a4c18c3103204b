import Base
import Core
import TestSupport
import Testing

@testable import AI
@testable import Reliability

/// Several breakers that guard one call.
@Suite struct CircuitChainTests {
    private let provider = "test-\(UUID.v7())"

    @Test(arguments: StoreKind.allCases)
    func `a call that the narrow breaker rejects takes no permit of the wide one`(_ kind: StoreKind) throws {
        var chain = try TestChain(kind, [provider, "\(provider)/m"])
        try chain.fail([.failure(error: "down"), .neutral], times: 5)
        try chain.call([.limited(for: .seconds(60_000), reason: .rateLimited)], of: ["\(provider)/m"])
        try chain.advance(by: .seconds(1_000))
        for _ in 0..<5 { #expect(try chain.answer() == "rate_limited \(provider)/m") }
        #expect(try chain.answer(of: [provider]) == "probe")
        #expect(try chain.answer(of: [provider]) == "probe")
        #expect(try chain.answer(of: [provider]) == "probing \(provider)")
    }

    @Test(arguments: StoreKind.allCases)
    func `of several rejections the longest is the answer`(_ kind: StoreKind) throws {
        let names = [provider, "\(provider)@k", "\(provider)/m"]
        var chain = try TestChain(kind, names)
        try chain.call([.limited(for: .seconds(100), reason: .rateLimited)], of: [names[0]])
        #expect(try chain.answer() == "rate_limited \(names[0])")
        try chain.call([.limited(for: .seconds(900), reason: .rateLimited)], of: [names[2]])
        #expect(try chain.answer() == "rate_limited \(names[2])")
        try chain.call([.refused(error: "ai_auth_failed")], of: [names[1]])
        #expect(try chain.answer() == "refused \(names[1])")
    }

    @Test(arguments: StoreKind.allCases)
    func `a refused credential stays so until an operator resets it`(_ kind: StoreKind) throws {
        let key = "\(provider)@k"
        var chain = try TestChain(kind, [provider, key])
        #expect(
            try chain.call([.neutral, .refused(error: "ai_auth_failed")]) == [CircuitChange(name: key, .refused)]
        )
        try chain.advance(by: .seconds(10_000_000))
        #expect(try chain.answer() == "refused \(key)")
        #expect(try chain.answer(of: [provider, "\(provider)@other"]) == "allowed")
        try chain.perform(.enable, on: key)
        #expect(try chain.answer() == "refused \(key)")
        try chain.perform(.reset, on: key)
        #expect(try chain.answer() == "allowed")
    }

    @Test(arguments: StoreKind.allCases)
    func `an operator's override stands against a refusal`(_ kind: StoreKind) throws {
        let key = "\(provider)@k"
        var chain = try TestChain(kind, [key])
        try chain.perform(.metricsOnly, on: key)
        #expect(try chain.call([.refused(error: "ai_auth_failed")]) == [])
        #expect(try chain.answer() == "allowed")
    }

    @Test(arguments: StoreKind.allCases)
    func `one tenant's broken models do not open the provider, and those of two do`(_ kind: StoreKind) throws {
        let (first, second) = (UUID.v7(), UUID.v7())
        var chain = try TestChain(kind, [provider])
        for round in 0..<10 { try chain.break("\(provider)/m\(round % 3)", for: first) }
        #expect(try chain.answer() == "allowed")
        for _ in 0..<4 { try chain.break("\(provider)/n", for: second) }
        #expect(try chain.answer() == "allowed")
        try chain.break("\(provider)/n", for: second)
        #expect(try chain.answer() == "open \(provider)")
    }

    @Test(arguments: StoreKind.allCases)
    func `without tenants two broken models open the provider, and one does not`(_ kind: StoreKind) throws {
        var chain = try TestChain(kind, [provider])
        for _ in 0..<4 { try chain.break("\(provider)/m", for: nil) }
        #expect(try chain.answer() == "allowed")
        for _ in 0..<4 { try chain.break("\(provider)/n", for: nil) }
        #expect(try chain.answer() == "allowed")
        try chain.break("\(provider)/m", for: nil)
        #expect(try chain.answer() == "open \(provider)")
    }

    @Test(arguments: StoreKind.allCases)
    func `old failures of another tenant's model are no sign`(_ kind: StoreKind) throws {
        var chain = try TestChain(kind, [provider])
        for _ in 0..<2 { try chain.break("\(provider)/m", for: .v7()) }
        try chain.advance(by: .seconds(301))
        for _ in 0..<4 { try chain.break("\(provider)/n", for: .v7()) }
        #expect(try chain.answer() == "allowed")
    }

    @Test(arguments: StoreKind.allCases)
    func `breakers of models are bounded, and a tenant with many displaces its own`(_ kind: StoreKind) throws {
        let (many, other) = (UUID.v7(), UUID.v7())
        var chain = try TestChain(kind, [provider])
        let failure = [CircuitOutcome.failure(error: "broken")]
        for _ in 0..<5 { try chain.call(failure, of: ["\(provider)/good"], for: other) }
        for number in 0..<230 { try chain.call(failure, of: ["\(provider)/made-up-\(number)"], for: many) }
        #expect(try chain.count(below: provider) == 200)
        #expect(try chain.answer(of: ["\(provider)/good"]) == "open \(provider)/good")
        try chain.call(failure, of: ["\(provider)/late"], for: other)
        #expect(try chain.count(below: provider) == 200)
        #expect(try chain.failures(of: "\(provider)/late") == 1)
    }

    @Test(arguments: StoreKind.allCases)
    func `an idle breaker goes before one that counts failures`(_ kind: StoreKind) throws {
        var chain = try TestChain(kind, [provider])
        let team = UUID.v7()
        let failure = [CircuitOutcome.failure(error: "broken")]
        for number in 0..<199 { try chain.call(failure, of: ["\(provider)/m\(number)"], for: team) }
        try chain.call(failure, of: ["\(provider)/idle"], for: .v7())
        try chain.call([.success], of: ["\(provider)/idle"])
        try chain.call(failure, of: ["\(provider)/new"], for: team)
        #expect(try chain.failures(of: "\(provider)/idle") == nil)
        #expect(try chain.failures(of: "\(provider)/m0") == 1)
        #expect(try chain.failures(of: "\(provider)/new") == 1)
    }
}
