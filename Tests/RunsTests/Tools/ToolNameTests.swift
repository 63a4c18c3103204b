import Core
import Runs
import Testing
import Queue

@Suite struct ToolNameTests {
    @Test(arguments: [
        ("ai:generate", "ai.generate"), ("codegen", "ai.generate"), ("gate:manual", "gate.manual"),
        ("manual:deploy", "gate.manual"), ("manual:a-1_b", "gate.manual"), ("http:request", "http.request"),
        ("artifact:write", "artifact.write"), ("wait:until", "wait.until"), ("test:echo", "test.echo"),
        ("test:fail", "test.fail"),
    ])
    func `a tool's jobs have the topic of its canonical name`(_ name: String, _ topic: String) {
        let tool = ToolName(name)
        #expect(tool?.description == name)
        #expect(tool?.topic.description == topic)
        #expect(tool?.isGate == (topic == "gate.manual"))
    }

    @Test(arguments: [
        "", "bash", "git_pr", "AI:generate", "ai.generate", "ai:generate ", "manual:", "manual:Deploy", "manual:a b",
        "manual:-", "gate:", "gate:auto", "codegen:v2",
        "manual:\(String(repeating: "a", count: 64))",
    ])
    func `an unknown tool name is rejected`(_ name: String) {
        #expect(ToolName(name) == nil)
        #expect(violations(ToolName.self, name.jsonText) == [" invalid_enum"])
    }

    @Test func `workers execute every tool except gates`() {
        #expect(
            ToolName.executable.map(\.description) == [
                "ai:generate", "ai:embed", "artifact:write", "http:request", "test:echo", "test:fail", "wait:until",
            ]
        )
    }
}
