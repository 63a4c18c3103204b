import Base
import HTTPClient
import Testing

@testable import FunctionRuntime

struct LambdaRuntimeAPITests {
    private let lines = LogLines()

    private func connect(to mock: LambdaMock) throws -> LambdaRuntimeAPI {
        try LambdaRuntimeAPI(address: mock.address, log: lines.log)
    }

    @Test func `a thousand events are answered in order on one connection`() throws {
        try LambdaMock.run { (mock) throws in
            let ids = try (0..<1000).map { try mock.queue(#"{"number":\#($0)}"#) }
            var lambda = try connect(to: mock)
            for number in 0..<1000 {
                let invocation = try lambda.next()
                #expect(invocation.body == Array(#"{"number":\#(number)}"#.utf8))
                try lambda.respond(to: invocation.requestID, body: invocation.body)
            }

            let summary = try mock.summary()
            #expect(summary["connections"]?.integer == 1)
            #expect(summary["responses"]?.integer == 1000)
            #expect(summary["faults"]?.count == 0)
            #expect(try mock.results().map { $0["id"]?.string } == ids)
        }
    }

    // Cases: faas 6
    @Test func `the platform's headers reach the invocation`() throws {
        try LambdaMock.run { (mock) throws in
            let id = try mock.queue(
                "{}",
                headers: [
                    ("Lambda-Runtime-Trace-Id", "Root=1-a-b"), ("Lambda-Runtime-Aws-Tenant-Id", "tenant"),
                    ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:function:live"),
                ]
            )
            var lambda = try connect(to: mock)
            let invocation = try lambda.next()

            #expect(invocation.requestID == id)
            #expect(invocation.traceID == "Root=1-a-b")
            #expect(invocation.tenantID == "tenant")
            #expect(invocation.functionARN == "arn:aws:lambda:function:live")
            let remaining = try #require(invocation.deadline).remaining
            #expect(remaining > .zero && remaining <= .seconds(3))
        }
    }

    // Cases: faas 3
    @Test func `a missing trace id is not replaced by that of the previous invocation`() throws {
        try LambdaMock.run { (mock) throws in
            try mock.queue("{}")
            try mock.queue("{}", headers: [("Lambda-Runtime-Trace-Id", "-")])
            var lambda = try connect(to: mock)
            let first = try lambda.next()
            try lambda.respond(to: first.requestID, body: Array("{}".utf8))

            #expect(first.traceID != nil)
            #expect(try lambda.next().traceID == nil)
        }
    }

    @Test(arguments: [
        "soon", "", "-", "-1", "0", "12", "1e3", "9223372036854775807", "99999999999999999999", "4102444800000",
    ])
    func `an invalid deadline is ignored`(text: String) throws {
        try LambdaMock.run { (mock) throws in
            try mock.queue("{}", headers: [("Lambda-Runtime-Deadline-Ms", text)])
            var lambda = try connect(to: mock)

            #expect(try lambda.next().deadline == nil)
        }
    }

    @Test func `a deadline that has just passed has passed`() throws {
        try LambdaMock.run { (mock) throws in
            let past = Timestamp.now().microsecondsSince1970 / 1_000 - 1_000
            try mock.queue("{}", headers: [("Lambda-Runtime-Deadline-Ms", "\(past)")])
            var lambda = try connect(to: mock)

            #expect(try lambda.next().deadline?.hasPassed == true)
        }
    }

    @Test func `an event in chunks is read completely`() throws {
        let event = #"{"text":"\#(String(repeating: "chunk ", count: 200))"}"#
        try LambdaMock.run { (mock) throws in
            try mock.queue(event, headers: [("X-Chunk", "7")])
            var lambda = try connect(to: mock)

            #expect(try lambda.next().body == Array(event.utf8))
        }
    }

    @Test func `an answer that is too large is logged and not posted, and the next event is served`() throws {
        try LambdaMock.run { (mock) throws in
            try mock.queue("{}")
            try mock.queue("{}")
            var lambda = try connect(to: mock)
            let large = Array("\"".utf8) + [UInt8](repeating: 65, count: 7_000_000) + Array("\"".utf8)
            let first = try lambda.next().requestID
            try lambda.respond(to: first, body: large)
            try lambda.respond(to: lambda.next().requestID, body: Array("{}".utf8))

            #expect(try mock.results().map { $0["status"]?.integer } == [413, 202])
            #expect(try mock.summary()["faults"]?.count == 0)
            #expect(lines.contain("answer.too_large", first))
        }
    }

    @Test(arguments: [400, 403, 404])
    func `a rejected answer is logged, and the next event is served`(status: Int) throws {
        try LambdaMock.run { (mock) throws in
            try mock.queue("{}")
            try mock.queue("{}")
            try mock.answer("response", with: status)
            var lambda = try connect(to: mock)
            try lambda.respond(to: lambda.next().requestID, body: Array("{}".utf8))
            try lambda.respond(to: lambda.next().requestID, body: Array("{}".utf8))

            #expect(lines.contain("answer.refused", "\(status)"))
            #expect(try mock.results().map { $0["status"]?.integer } == [status, 202])
        }
    }

    // Cases: faas 9
    @Test func `an answer to an unknown event is logged`() throws {
        try LambdaMock.run { (mock) throws in
            var lambda = try connect(to: mock)
            try lambda.respond(to: "unknown", body: Array("{}".utf8))

            #expect(lines.contain("answer.refused", "400"))
        }
    }

    // Cases: faas 10
    @Test(arguments: [500, 403, 404, 204])
    func `an error status for the next event ends the process`(status: Int) throws {
        try LambdaMock.run { (mock) throws in
            try mock.answer("next", with: status, times: 9)
            var lambda = try connect(to: mock)

            #expect(throws: LambdaRuntimeError.refused(status: status)) { try lambda.next() }
            #expect(try mock.summary()["polls"]?.integer == 1)
        }
    }

    @Test func `a fatal error of the Runtime API in response to an answer ends the process`() throws {
        try LambdaMock.run { (mock) throws in
            try mock.queue("{}")
            try mock.answer("response", with: 500)
            var lambda = try connect(to: mock)
            let id = try lambda.next().requestID

            #expect(throws: LambdaRuntimeError.refused(status: 500)) { try lambda.respond(to: id, body: [0x31]) }
        }
    }

    @Test func `an event without a valid request id ends the process`() throws {
        for id in ["-", "a/../b", "a b", "a?b", "%2e"] {
            try LambdaMock.run { (mock) throws in
                try mock.queue("{}", headers: [("Lambda-Runtime-Aws-Request-Id", id)])
                var lambda = try connect(to: mock)

                #expect(throws: LambdaRuntimeError.unanswerable) { try lambda.next() }
            }
        }
    }

    @Test func `errors are posted with their type`() throws {
        try LambdaMock.run { (mock) throws in
            let id = try mock.queue("{}")
            let body = #"{"errorMessage":"no","errorType":"Runtime.InvalidEvent"}"#
            var lambda = try connect(to: mock)
            try lambda.fail(lambda.next().requestID, type: "Runtime.InvalidEvent", body: Array(body.utf8))

            let result = try #require(try mock.results().first)
            #expect(result["id"]?.string == id)
            #expect(result["kind"]?.string == "error")
            #expect(result["type"]?.string == "Runtime.InvalidEvent")
            #expect(result["body"]?.string == body)
            #expect(try mock.summary()["faults"]?.count == 0)
        }
    }

    @Test func `a failed start is reported before the first event is requested`() throws {
        try LambdaMock.run { (mock) throws in
            let body = #"{"errorMessage":"no","errorType":"Runtime.Misconfigured"}"#
            var lambda = try connect(to: mock)
            try lambda.initializationFailed(type: "Runtime.Misconfigured", body: Array(body.utf8))

            let summary = try mock.summary()
            #expect(summary["initializationError"]?["type"]?.string == "Runtime.Misconfigured")
            #expect(summary["polls"]?.integer == 0)
            #expect(summary["faults"]?.count == 0)
        }
    }
}
