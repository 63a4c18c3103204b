import Base
import Testing

struct TraceTests {
    private let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func `a context is passed on as W3C and X-Ray headers`() throws {
        let context = try #require(TraceContext(traceparent: traceparent, state: "a=1"))
        let xray = "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"
        #expect(context.headers.map(\.name) == ["traceparent", "X-Amzn-Trace-Id"])
        #expect(context.headers.map(\.value) == [traceparent, xray])
        #expect(context.trustedHeaders.last?.value == "a=1")
        #expect(TraceContext(xray: xray)?.traceparent == traceparent)
        #expect(TraceContext(stored: try #require(context.stored)) == context)
    }

    @Test(arguments: ["a=\u{1}", "ä=1", String(repeating: "a", count: 513)])
    func `a malformed tracestate is dropped`(state: String) {
        #expect(TraceContext(traceparent: traceparent, state: state)?.state == "")
    }

    @Test(arguments: ["", "x", "00-0-0-0", "\(String(repeating: "0", count: 32))"])
    func `a malformed stored context is ignored`(stored: String) {
        #expect(TraceContext(stored: stored) == nil)
    }

    @Test func `without a recorder the caller's context is passed on as it is`() {
        let context = TraceContext(traceparent: traceparent)
        let span = Trace(context: context, recorder: nil).begin("a", .client)
        #expect(span.trace.context == context)
        #expect(Trace.none.begin("a", .client).trace.context == nil)
        // A gateway names no span, so the calls get a new one.
        let gateway = Trace.none.begin("a", .server, in: TraceContext(xray: "Root=1-0af76519-16cd43dd8448eb211c80319c"))
        #expect(gateway.trace.context?.headers.count == 2)
    }

    @Test func `spans are recorded below each other`() throws {
        let recorder = SpanRecorder()
        let trace = Trace(context: TraceContext(traceparent: traceparent), recorder: recorder)
        let outer = trace.begin("outer", .server)
        outer.trace.begin("inner", .client).end(["a": .number(1), "b": nil], error: "timeout")
        outer.end()
        recorder.flush(by: .after(.zero))
        let spans = recorder.next().spans
        #expect(spans.map(\.name) == ["inner", "outer"])
        #expect(spans[1].parent == "b7ad6b7169203331" && spans[0].parent == spans[1].context.spanID)
        #expect(spans.allSatisfy { $0.context.traceID == "0af7651916cd43dd8448eb211c80319c" })
        #expect(spans[0].attributes.map(\.name) == ["a"] && spans[0].error == "timeout")
        recorder.exported()
    }

    @Test func `spans beyond the limit are dropped and counted`() {
        let recorder = SpanRecorder()
        for _ in 0..<SpanRecorder.limit + 3 { Trace(context: nil, recorder: recorder).begin("a", .internal).end() }
        recorder.flush(by: .after(.zero))
        var (count, dropped) = (0, 0)
        while count < SpanRecorder.limit {
            let next = recorder.next()
            count += next.spans.count
            dropped += next.dropped
            recorder.exported()
        }
        #expect((count, dropped) == (SpanRecorder.limit, 3))
    }

    @Test(arguments: [
        ("always_on", "00", true), ("always_off", "01", false), ("parentbased_always_on", "00", false),
        ("parentbased_always_off", "01", true), ("traceidratio", "00", true),
    ])
    func `a sampler decides alone or as the caller did`(name: String, flags: String, records: Bool) throws {
        let recorder = SpanRecorder(try #require(Sampler(named: name, argument: nil)))
        let context = TraceContext(traceparent: traceparent.dropLast(2) + flags)
        let span = Trace(context: context, recorder: recorder).begin("a", .server)
        #expect(span.trace.context?.isSampled == records)
        #expect(span.trace.context?.traceparent?.hasSuffix(records ? "-01" : "-00") == true)
    }

    @Test func `a ratio samples about that share of traces`() throws {
        let recorder = SpanRecorder(try #require(Sampler(named: "parentbased_traceidratio", argument: "0.25")))
        let trace = Trace(context: nil, recorder: recorder)
        let sampled = (0..<4_000).filter { _ in trace.begin("a", .server).trace.context?.isSampled == true }.count
        #expect((700...1_300).contains(sampled))
    }

    @Test(arguments: [
        ("", nil), ("sometimes", nil), ("traceidratio", "2"), ("traceidratio", "x"), ("parentbased_", nil),
    ])
    func `an unknown sampler is refused`(name: String, argument: String?) {
        #expect(Sampler(named: name, argument: argument) == nil)
    }
}
