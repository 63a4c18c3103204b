import Base
import Core
import Cryptography
import Runs
import System
import TestSupport
import Testing
import Worker

/// The tools that need no other service.
@Suite struct SmallToolTests {
    @Test func `an echo stops soon after its cancellation`() throws {
        let bench = ToolBench()
        let step = bench.step("test:echo", #"{"delaySeconds":3600}"#, timeout: .seconds(3_600))
        // The cancellation sometimes comes before the step waits, but mostly during the wait.
        for _ in 0..<20 {
            let cancellation = Cancellation()
            let barrier = ThreadBarrier(for: 2)
            let teller = TestThread {
                barrier.wait()
                cancellation.cancel()
            }
            barrier.wait()
            // Without the cancellation it would take an hour.
            guard case .cancelled = try bench.execute(step, cancellation: cancellation) else {
                Issue.record("it went on")
                return
            }
            teller.join()
        }
    }

    @Test func `an echo takes its configured time`() throws {
        let start = SystemClock.uptime
        let (json, _) = try ToolBench().execute("test:echo", #"{"delaySeconds":0.2,"a":[1.50]}"#).success()
        #expect(SystemClock.uptime - start >= .milliseconds(200))
        #expect(json.text.description == #"{"delaySeconds":0.2,"a":[1.50]}"#)
    }

    @Test func `a failing step fails as configured`() throws {
        let bench = ToolBench()
        let first = try #require(bench.execute("test:fail", #"{"code":"odd","message":"Why."}"#).error)
        #expect(first == StepFailure("odd", "Why."))
        let inputs = #"{"retryable":true,"attempts":2}"#
        for attempt in 1...2 {
            let error = try bench.execute(bench.step("test:fail", inputs, attempt: attempt)).error
            #expect(error?.retry == .later)
        }
        let (json, _) = try bench.execute(bench.step("test:fail", inputs, attempt: 3)).success()
        #expect(json["attempt"]?.integer == 3)
    }

    @Test func `a waiting step is released until its time, by the database's clock`() throws {
        let bench = ToolBench()
        // Hours apart from this machine's clock.
        let queued = Timestamp.now() + .seconds(7_200)
        func wait(_ inputs: String, _ passed: Duration) throws -> StepOutcome {
            try bench.execute(bench.step("wait:until", inputs, queuedAt: queued, claimedAt: queued + passed))
        }
        let first = try #require(wait(#"{"seconds":60}"#, .seconds(1)).release)
        #expect(first.wait == .seconds(59))
        #expect(first.reason == .notDue)
        #expect(try wait(#"{"seconds":60}"#, .milliseconds(59_999)).release?.wait == .milliseconds(1))
        let (json, _) = try wait(#"{"seconds":60}"#, .seconds(60)).success()
        #expect(json["until"]?.string == "\(queued + .seconds(60))")

        let moment = #"{"until":"\#(queued + .seconds(10))"}"#
        #expect(try wait(moment, .zero).release?.wait == .seconds(10))
        #expect(try wait(moment, .seconds(11)).error == nil)
        #expect(try wait(#"{"until":"2020-01-01T00:00:00Z"}"#, .zero).release == nil)
    }

    @Test func `an artifact is stored with its hash and type`() throws {
        let bench = ToolBench()
        let (json, artifacts) = try bench.execute(
            "artifact:write",
            ##"{"name":"docs/Größe.md","content":"# Grüße\n"}"##
        ).success()
        let artifact = try #require(artifacts.first)
        #expect(artifacts.count == 1)
        #expect(artifact.name == "docs/Größe.md")
        #expect(artifact.contentType == "text/markdown; charset=utf-8")
        #expect(artifact.content == Array("# Grüße\n".utf8))
        #expect(artifact.sha256 == SHA256.digest(artifact.content))
        #expect(json["artifact"]?["name"]?.string == artifact.name)
        #expect(json["artifact"]?["sha256"]?.string == Hexadecimal.encode(artifact.sha256))
        #expect(json["artifact"]?["contentType"]?.string == artifact.contentType)
        #expect(json["artifact"]?["size"]?.integer == 10)

        let bytes = try bench.execute("artifact:write", #"{"name":"x","contentBase64":"AAH/"}"#).success().artifacts
        #expect(bytes.first?.content == [0, 1, 255])
        #expect(bytes.first?.contentType == "application/octet-stream")
    }

    // Cases: ai 60
    @Test(arguments: ["../../etc/x", "/etc/x", "", "a//b", "a/./b", "a\\b", String(repeating: "x", count: 300)])
    func `a name that leaves the step's folder is rejected`(name: String) throws {
        for (tool, member, rest) in [
            ("artifact:write", "name", #""content":"x""#), ("ai:generate", "filename", #""prompt":"x""#),
            ("codegen", "filename", #""prompt":"x""#),
        ] {
            var json = JSONWriter()
            json.string(name)
            let text = String(decoding: json.bytes, as: UTF8.self)
            let bench = ToolBench(openAI: "http://127.0.0.1:1")
            let error = try #require(bench.execute(tool, #"{"\#(member)":\#(text),\#(rest)}"#).error)
            #expect(error.code == "invalid_inputs")
            #expect(error.message.contains(member))
        }
    }

    @Test func `a name with U+0000 is rejected with the JSON`() throws {
        let error = try ToolBench().execute("artifact:write", #"{"name":"a\u0000","content":"x"}"#).error
        #expect(error?.code == "invalid_inputs")
    }
}
