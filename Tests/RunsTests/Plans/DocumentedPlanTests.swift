import Base
import TestSupport
import Testing

@testable import Runs

@Suite struct DocumentedPlanTests {
    @Test func `the plan in the documentation is valid`() throws {
        let plan = try Plan(try part(of: "docs/plans.md", from: "```json\n", to: "```"))
        #expect(plan.graph.stages == [0, 1, 2])
    }

    @Test func `the prompt in the documentation gives a valid plan`() throws {
        let json = try part(of: "docs/plans.md", from: #"{"standard":"#, to: "}\n```")
        #expect(try StandardPlan(json).plan().steps.count == 6)
    }

    private func part(of file: String, from start: String, to end: String) throws -> String {
        let package = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let text = try Subprocess("cat", ["\(package)/\(file)"], environment: ["PATH": "/usr/bin:/bin"]).finish().output
        let first = try #require(text.firstRange(of: start)).upperBound
        let last = try #require(text[first...].firstRange(of: end)).lowerBound
        return String(text[first..<last])
    }
}
