import Base
import Core
import Runs
import System
import TestSupport
import Testing
import Worker

@Suite struct ToolBoxTests {
    @Test func `references in a step's inputs are resolved`() throws {
        let bench = ToolBench()
        let step = bench.step(
            "test:echo",
            #"{"a":{"$from":"first.list.1"},"b":[{"$from":"first"}],"c":"$from"}"#,
            outputs: ["first": #"{"list":[1,{"x":"ä"}]}"#]
        )
        let (json, artifacts) = try bench.execute(step).success()
        #expect(json.text.description == #"{"a":{"x":"ä"},"b":[{"list":[1,{"x":"ä"}]}],"c":"$from"}"#)
        #expect(artifacts == [])
    }

    @Test func `a missing reference fails the step permanently`() throws {
        let bench = ToolBench()
        let step = bench.step("test:echo", #"{"a":{"$from":"first.other"}}"#, outputs: ["first": #"{"list":[]}"#])
        let error = try bench.execute(step).error
        #expect(error?.code == "reference_missing")
        #expect(error?.retry == .never)
    }

    @Test(arguments: [
        ("test:echo", #"{"delaySeconds":-1}"#, "delaySeconds"),
        ("test:fail", #"{"code":"Not Snake"}"#, "code"),
        ("http:request", #"{"url":"ftp://example.com/"}"#, "url"),
        ("http:request", "{}", "url"),
        ("ai:generate", #"{"prompt":" "}"#, "prompt"),
        ("ai:generate", #"{"prompt":"x","schema":{"pattern":"x"}}"#, "schema"),
        ("artifact:write", #"{"name":"../x","content":"x"}"#, "name"),
        ("wait:until", #"{"seconds":"x"}"#, "seconds"),
        ("wait:until", #"{"unknown":1,"seconds":1}"#, "unknown"),
    ])
    func `invalid inputs fail the step permanently, and the field is named`(
        tool: String,
        inputs: String,
        field: String
    ) throws {
        let error = try #require(ToolBench(openAI: "http://127.0.0.1:1").execute(tool, inputs).error)
        #expect(error.code == "invalid_inputs")
        #expect(error.retry == .never)
        #expect(error.message.contains(field))
    }

    @Test(arguments: ["gate:manual", "manual:deploy", "no:tool", ""])
    func `a worker does not execute gates or unknown tools`(tool: String) throws {
        let error = try #require(ToolBench().execute(tool, "{}").error)
        #expect(error.code == "tool_not_executable")
        #expect(error.retry == .never)
    }

    @Test func `a forbidden step fails permanently, whatever else is wrong`() throws {
        let bench = ToolBench()
        let step = bench.step("test:echo", #"{"a":{"$from":"nothing"}}"#, isAllowed: false)
        let cancellation = Cancellation()
        cancellation.cancel()
        let error = try #require(bench.execute(step, deadline: .after(.zero), cancellation: cancellation).error)
        #expect(error.code == "policy_denied")
        #expect(error.retry == .never)
    }

    // Cases: queue 46
    @Test func `outputs have a size limit`() throws {
        let bench = ToolBench()
        // As much as fits, including the member's name and the punctuation.
        let most = String(repeating: "x", count: (1 << 20) - 8)
        let step = bench.step("test:echo", #"{"a":{"$from":"s"}}"#, outputs: ["s": "\"\(most)\""])
        #expect(try bench.execute(step).success().json.text.bytes.count == 1 << 20)

        let more = try bench.execute("test:echo", #"{"a":"\#(most)x"}"#).error
        #expect(more?.code == "output_too_large")
        #expect(more?.retry == .never)
    }

    @Test func `a step that is overdue or cancelled is not started`() throws {
        let bench = ToolBench()
        let step = bench.step("test:echo", "{}")
        guard case .timedOut = try bench.execute(step, deadline: .after(.zero)) else {
            Issue.record("it was done")
            return
        }
        let cancellation = Cancellation()
        cancellation.cancel()
        guard case .cancelled = try bench.execute(step, cancellation: cancellation) else {
            Issue.record("it was done")
            return
        }
    }

    @Test func `an attempt has the step's time limit, even if the worker's is longer`() throws {
        let bench = ToolBench()
        let step = bench.step("test:echo", #"{"delaySeconds":3600}"#, timeout: .milliseconds(50))
        guard case .timedOut = try bench.execute(step) else {
            Issue.record("it went on")
            return
        }
    }

    @Test func `each attempt is one log line, without inputs and outputs`() throws {
        let bench = ToolBench()
        _ = try bench.execute("test:echo", #"{"a":"only for the step"}"#)
        _ = try bench.execute("test:fail", #"{"code":"odd","message":"only for the team"}"#)
        _ = try bench.execute("wait:until", #"{"seconds":60}"#)

        let lines = try bench.lines.all.map { try JSONDocument(parsing: Array($0.utf8)).root }
        #expect(lines.map { $0["message"]?.string } == ["step.attempted", "step.attempted", "step.attempted"])
        #expect(lines.map { $0["level"]?.string } == ["info", "info", "info"])
        #expect(lines.map { $0["outcome"]?.string } == ["succeeded", "failed", "released"])
        #expect(lines.map { $0["code"]?.string } == [nil, "odd", nil])
        for line in lines {
            #expect(line["runId"]?.string == "\(bench.run)")
            #expect(line["teamId"]?.string == "\(bench.team)")
            #expect(line["step"]?.string == "the step")
            #expect(line["stepNo"]?.integer == 3)
            #expect(line["attempt"]?.integer == 1)
        }
        #expect(bench.lines.containing("only for") == [])
    }
}
