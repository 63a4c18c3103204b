import Base
import Testing

struct TraceContextTests {
    private let id = "0af7651916cd43dd8448eb211c80319c"

    @Test(arguments: [
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like",
    ])
    func `a traceparent contains the trace id`(header: String) {
        #expect(TraceContext(traceparent: header)?.traceID == id)
    }

    @Test(arguments: [
        "", "-", "00", "00-0af7651916cd43dd8448eb211c80319c", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333x-01",
        "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd\n448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c8031é-b7ad6b7169203331-01",
    ])
    func `a malformed traceparent is ignored`(header: String) {
        #expect(TraceContext(traceparent: header)?.traceID == nil)
    }

    @Test(arguments: [
        "Root=1-0af76519-16cd43dd8448eb211c80319c", "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=x;Sampled=1",
        "Self=1-67891234-12456789abcdef012345678;Root=1-0af76519-16cd43dd8448eb211c80319c",
        "Parent=53995c3f42cd8ad8; Root=1-0af76519-16cd43dd8448eb211c80319c",
    ])
    func `the root of an X-Ray header is the trace id`(header: String) {
        #expect(TraceContext(xray: header)?.traceID == id)
    }

    @Test(arguments: [
        "", ";", "Root=", "Root=1-", "Root=2-0af76519-16cd43dd8448eb211c80319c",
        "Parent=1-0af76519-16cd43dd8448eb211c80319c",
        "Root=1-0af7651-916cd43dd8448eb211c80319c", "Root=1-00000000-000000000000000000000000",
        "Root=1-0af76519-16cd43dd8448eb211c80319c-1", "Root=1-0AF76519-16cd43dd8448eb211c80319c",
    ])
    func `a malformed X-Ray header is ignored`(header: String) {
        #expect(TraceContext(xray: header)?.traceID == nil)
    }
}
