import Base
import Core
import Runs
import System
import TestSupport
import Testing
import Worker

@Suite struct ToolBoxTests {
    @Test func `a step is given what it refers to`() throws {
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

    @Test func `what is referred to and not there fails the step for good`() throws {
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
    func `inputs that break rules fail the step for good, and the field is named`(
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
    func `no worker does what is a person's to do, or nobody's`(tool: String) throws {
        let error = try #require(ToolBench().execute(tool, "{}").error)
        #expect(error.code == "tool_not_executable")
        #expect(error.retry == .never)
    }

    @Test func `a step that is not allowed fails for good, whatever else is wrong with it`() throws {
        let bench = ToolBench()
        let step = bench.step("test:echo", #"{"a":{"$from":"nothing"}}"#, isAllowed: false)
        let cancellation = Cancellation()
        cancellation.cancel()
        let error = try #require(bench.execute(step, deadline: .after(.zero), cancellation: cancellation).error)
        #expect(error.code == "policy_denied")
        #expect(error.retry == .never)
    }

    // Cases: queue 46
    @Test func `outputs have a limit`() throws {
        let bench = ToolBench()
        // As much as fits, with the member's name and the marks around it.
        let most = String(repeating: "x", count: (1 << 20) - 8)
        let step = bench.step("test:echo", #"{"a":{"$from":"s"}}"#, outputs: ["s": "\"\(most)\""])
        #expect(try bench.execute(step).success().json.text.bytes.count == 1 << 20)

        let more = try bench.execute("test:echo", #"{"a":"\#(most)x"}"#).error
        #expect(more?.code == "output_too_large")
        #expect(more?.retry == .never)
    }

    @Test func `a step whose time is over, or that nobody wants, is not begun`() throws {
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

    @Test func `an attempt has the step's time, be the worker's longer`() throws {
        let bench = ToolBench()
        let step = bench.step("test:echo", #"{"delaySeconds":3600}"#, timeout: .milliseconds(50))
        guard case .timedOut = try bench.execute(step) else {
            Issue.record("it went on")
            return
        }
    }

    @Test func `each attempt is one line in the log, without what the step is given or gives`() throws {
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
