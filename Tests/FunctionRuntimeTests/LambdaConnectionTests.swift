import Base
import Glibc
import HTTPClient
import TestSupport
import Testing

@testable import FunctionRuntime

/// Connecting to the Runtime API, and losing the connection.
struct LambdaConnectionTests {
    private let lines = LogLines()

    @Test(arguments: [
        "nonsense", "", ":9001", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+1", "a b:1",
        "127.0.0.1:9001/path", "user@host:1", "http://127.0.0.1:9001", "host:1\r\nX: y", "[]:1", "[::1:1", "[zz]:1",
        "hö:1",
    ])
    func `an address other than host and port is rejected`(address: String) {
        #expect(throws: LambdaRuntimeError.invalidAddress) {
            _ = try LambdaRuntimeAPI(address: address, log: lines.log)
        }
    }

    @Test(arguments: [
        "127.0.0.1:9001", "localhost:1", "runtime-api.internal:65535", "[::1]:9001", "[::ffff:127.0.0.1]:80",
    ])
    func `host and port form an address`(address: String) {
        #expect(throws: Never.self) { _ = try LambdaRuntimeAPI(address: address, log: lines.log) }
    }

    @Test func `an unreachable Runtime API at the start is an error at once`() throws {
        var lambda = try LambdaRuntimeAPI(address: "127.0.0.1:1", log: lines.log)
        let error = #expect(throws: LambdaRuntimeError.self) { try lambda.next() }

        guard case .unreachable(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.kind == .couldNotConnect)
        #expect(!lines.contain("lambda_api.unreachable"))
    }

    @Test func `the process waits for a Runtime API that restarts, and no event is lost`() throws {
        try LambdaMock.run { (mock) throws in
            for _ in 0..<20 { try mock.queue("{}") }
            var lambda = try LambdaRuntimeAPI(address: mock.address, log: lines.log)
            for number in 0..<20 {
                let invocation = try lambda.next()
                try lambda.respond(to: invocation.requestID, body: invocation.body)
                if number == 9 { try mock.restart(after: 0.2) }
            }

            let summary = try mock.summary()
            #expect(summary["connections"]?.integer == 2)
            #expect(summary["responses"]?.integer == 20)
            #expect(summary["faults"]?.count == 0)
            #expect(lines.contain("lambda_api.unreachable"))
        }
    }

    @Test func `an answer lost in a restart is logged, and the next event is served`() throws {
        try LambdaMock.run { (mock) throws in
            try mock.queue(#""first""#)
            var lambda = try LambdaRuntimeAPI(address: mock.address, log: lines.log)
            let swallowed = try lambda.next().requestID
            try mock.restart(after: 0.2)
            try lambda.respond(to: swallowed, body: Array("{}".utf8))
            let again = try lambda.next()
            try lambda.respond(to: again.requestID, body: Array("{}".utf8))

            #expect(lines.contain("answer.lost", swallowed))
            #expect(again.requestID == swallowed)
            #expect(try mock.results().map { $0["status"]?.integer } == [202])
        }
    }

    @Test func `a request that the Runtime API closes without an answer is retried`() throws {
        try LambdaMock.run { (mock) throws in
            try mock.queue("1")
            try mock.queue("2")
            var lambda = try LambdaRuntimeAPI(address: mock.address, log: lines.log)
            try lambda.respond(to: lambda.next().requestID, body: [0x31])
            try mock.answer("next", with: 0, times: 5)

            #expect(try lambda.next().body == [0x32])
        }
    }

    @Test func `a Runtime API that stays away ends the process after a time limit`() throws {
        try LambdaMock.run { (mock) throws in
            try mock.queue("{}")
            let reconnection = LambdaReconnection(patience: .milliseconds(100))
            var lambda = try LambdaRuntimeAPI(address: mock.address, log: lines.log, reconnection: reconnection)
            try lambda.respond(to: lambda.next().requestID, body: Array("{}".utf8))
            try mock.restart(after: 3_600)

            let error = #expect(throws: LambdaRuntimeError.self) { try lambda.next() }
            #expect(error.map { "\($0)" }?.hasPrefix("the Lambda Runtime API cannot be reached") == true)
        }
    }

    @Test func `pauses double up to a limit`() {
        let reconnection = LambdaReconnection()
        let pauses = [1, 2, 3, 6, 7, 8, 1_000_000].map(reconnection.pause(after:))

        #expect(pauses == [20, 40, 80, 640, 1_000, 1_000, 1_000].map { .milliseconds($0) })
    }

    // Cases: faas 13
    @Test func `connections to the Runtime API use no proxy`() async {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY"] { setenv(name, "http://127.0.0.1:1", 1) }
            unsetenv("no_proxy")
            unsetenv("NO_PROXY")
            let log = LogLines().log
            // The mock's control server is called without a proxy too.
            try LambdaMock.run { (mock) throws in
                try mock.queue("{}")
                var lambda = try LambdaRuntimeAPI(address: mock.address, log: log)
                #expect(try lambda.next().body == Array("{}".utf8))
            }
        }
    }
}
