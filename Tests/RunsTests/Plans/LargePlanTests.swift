import Base
import Testing

@testable import Runs

/// Plans that take long to check.
///
/// An algorithm of quadratic time would not finish here. There is no other time limit.
@Suite struct LargePlanTests {
    private let limits = JSONLimits(bytes: 16 << 20, depth: 32)

    @Test func `a plan of ten thousand steps is rejected without further checks`() {
        let steps = [String](repeating: #"{"name":"a","dependsOn":["a","b"]}"#, count: 10_001)
        #expect(violations(Plan.self, Plan.json(steps)) == ["steps too_many"])
        #expect(violations(Plan.self, Plan.json([String](repeating: "{}", count: 1_001))) == ["steps too_many"])
    }

    @Test func `a chain of a thousand steps has a thousand stages`() throws {
        let steps = (0..<1_000).map { number in
            // The last step comes first, so that a simple loop meets each step before its dependencies.
            step(number, dependsOn: number == 999 ? [] : [number + 1])
        }
        let plan = try Plan(Plan.json(steps))
        #expect(plan.graph.stages == (0..<1_000).reversed().map(\.self))
    }

    @Test func `a cycle of a thousand steps is named in part`() throws {
        let steps = (0..<1_000).map { step($0, dependsOn: [($0 + 1) % 1_000]) }
        let error = #expect(throws: Violations.self) { try Plan(Plan.json(steps)) }
        #expect(error?.all.count == 1)
        #expect(error?.all.first?.detail.hasSuffix("s8 → s9 → … (1000 steps)") == true)
    }

    @Test func `a thousand steps that each depend on all earlier ones are valid`() throws {
        let steps = (0..<1_000).map { step($0, dependsOn: Array(0..<$0), reference: $0 > 0 ? "s0.a" : nil) }
        let plan = try Plan(Plan.json(steps), limits: limits)
        #expect(plan.graph.stages.last == 999)
        #expect(plan.graph.dependents[0].count == 999)
    }

    @Test func `a thousand steps that each depend on all others are rejected as cycles`() {
        let steps = (0..<1_000).map { number in step(number, dependsOn: (0..<1_000).filter { $0 != number }) }
        let found = violations(Plan.self, Plan.json(steps), limits: limits)
        #expect(found.contains("steps[0].dependsOn circular"))
        #expect(found.count <= Violations.limit)
    }

    @Test func `a thousand steps with a thousand and one dependencies each are rejected by their number`() {
        let steps = (0..<1_000).map { step($0, dependsOn: Array(0...1_000)) }
        let found = violations(Plan.self, Plan.json(steps), limits: limits)
        #expect(found.count == Violations.limit)
        #expect(found.allSatisfy { $0.hasSuffix("dependsOn too_many") })
    }

    @Test func `a plan with the maximum of references is checked`() {
        let references = [String](repeating: #"{"$from":"s0.a.b.c.d.e.f.g.h"}"#, count: 7_000).joined(separator: ",")
        let many = #"{"name":"last","tool":"test:echo","dependsOn":["s0"],"inputs":{"all":[\#(references)]}}"#
        #expect(violations(Plan.self, Plan.json([step(0), many])) == [])
        let dots = [String](repeating: "a", count: 2_000).joined(separator: ".")
        let long = [String](repeating: #"{"$from":"\#(dots)"}"#, count: 60).joined(separator: ",")
        let lost = #"{"name":"last","tool":"test:echo","inputs":{"all":[\#(long)]}}"#
        #expect(violations(Plan.self, Plan.json([step(0), lost])).first == "steps[1].inputs.all[0] not_found")
    }

    private func step(_ number: Int, dependsOn others: [Int] = [], reference: String? = nil) -> String {
        let names = others.map { "\"s\($0)\"" }.joined(separator: ",")
        let inputs = reference.map { #"{"it":{"$from":"\#($0)"}}"# } ?? "{}"
        return #"{"name":"s\#(number)","tool":"test:echo","dependsOn":[\#(names)],"inputs":\#(inputs)}"#
    }
}
