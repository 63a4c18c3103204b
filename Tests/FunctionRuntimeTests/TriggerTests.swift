import Base
import Core
import TestSupport
import Testing

@testable import FunctionRuntime

/// Events of queues, schedules and event buses, for functions that accept triggers.
@Suite struct TriggerTests {
    private let detail = #"{"id":"1","version":"0","detail-type":"t","source":"s","detail":{"text":"hello"}}"#
    private let cloud = #"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"text":"hello"}}"#

    @Test func `the input of an EventBridge event is its detail`() throws {
        let answered = try Answered(Triggered.self, detail)
        #expect(try answered.body["text"]?.string == "hello")
        #expect(answered.form == .direct)
    }

    @Test func `a schedule without an input of its own has an empty one`() throws {
        for detail in ["{}", #""{}""#] {
            let event = """
                {"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.scheduler","account":"1",
                 "time":"2026-01-01T00:00:00Z","region":"eu-central-1","resources":[],"detail":\(detail)}
                """
            #expect(try Answered(Triggered.self, event).body["text"]?.string == "nothing")
        }
        let broken = detail.replacing(#"{"text":"hello"}"#, with: #""{""#)
        #expect(try Answered(Triggered.self, broken).answer.problem?.code == "malformed_json")
    }

    // Cases: faas 38
    @Test func `a schedule that fires twice makes two calls, which do what is due then`() throws {
        for _ in 0..<2 { #expect(try Answered(Triggered.self, detail).body["text"]?.string == "hello") }
    }

    @Test func `the input of a cloud event is its data, which may be base64 or missing`() throws {
        let encoded = cloud.replacing(#""data":{"text":"hello"}"#, with: #""data_base64":"eyJ0ZXh0IjoiaGVsbG8ifQ==""#)
        let empty = cloud.replacing(#","data":{"text":"hello"}"#, with: "")
        #expect(try Answered(Triggered.self, cloud).body["text"]?.string == "hello")
        #expect(try Answered(Triggered.self, encoded).body["text"]?.string == "hello")
        #expect(try Answered(Triggered.self, empty).body["text"]?.string == "nothing")
        let broken = cloud.replacing(#""data":{"text":"hello"}"#, with: #""data_base64":"!""#)
        #expect(try Answered(Triggered.self, broken).answer.problem?.code == "malformed_json")
    }

    // Cases: faas 34
    @Test func `a batch with equal messages is one call, and invalid messages are returned as failed`() throws {
        let hello = #"{\"text\":\"hello\"}"#
        let event = batch(["a": hello, "b": hello, "d": "{", "e": #"{\"other\":1}"#])
        let answered = try Answered(Triggered.self, event)
        #expect(failures(answered) == ["d", "e"])
        #expect(answered.answer.status == 200)
        #expect(try answered.body["text"]?.string == "hello")
        #expect(answered.log.containing(#""messageId":"d""#).count == 1)
    }

    @Test func `messages with an input other than the first are returned as failed`() throws {
        let (hello, bye) = (#"{\"text\":\"hello\"}"#, #"{\"text\":\"bye\"}"#)
        let mixed = batch(["a": hello, "b": bye, "c": "", "d": hello])
        #expect(try failures(Answered(Triggered.self, mixed)) == ["b", "c"])
        #expect(try failures(Answered(Triggered.self, batch(["a": "{ }", "b": hello, "c": ""]))) == ["b"])
    }

    @Test func `a successful batch returns no message`() throws {
        #expect(try failures(Answered(Triggered.self, batch(["a": "", "b": "{}"]))) == [])
    }

    @Test func `if the call fails all messages are returned as failed`() throws {
        let event = batch(["a": #"{\"text\":\"fail\"}"#, "b": #"{\"text\":\"fail\"}"#])
        let answered = try Answered(Triggered.self, event)
        #expect(failures(answered) == ["a", "b"])
        let failed = answered.log.containing("messages.failed")
        #expect(failed.filter { $0.contains(#""code":"conflict""#) }.count == 1)
    }

    @Test func `a batch of invalid messages makes no call`() throws {
        let answered = try Answered(Triggered.self, batch(["a": "[]", "b": "null"]))
        #expect(failures(answered) == ["a", "b"])
        #expect(answered.answer.body.isEmpty)
    }

    // Cases: faas 36, 37
    @Test func `records of another source are not a batch`() throws {
        for event in [
            #"{"Records":[]}"#, #"{"Records":[{"eventSource":"aws:s3","messageId":"a","body":""}]}"#,
            #"{"Records":[{"eventSource":"aws:sqs","body":""}]}"#, #"{"Records":[1]}"#, #"{"Records":{}}"#,
        ] {
            #expect(try Answered(Triggered.self, event).answer.problem?.code == "validation_failed")
        }
    }

    @Test(arguments: [
        ("aws:s3", #"{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{}}"#),
        ("aws:sns", #"{"EventSource":"aws:sns","EventVersion":"1.0","Sns":{"Message":"{}"}}"#),
        ("aws:kinesis", #"{"eventSource":"aws:kinesis","kinesis":{"data":"e30="}}"#),
        ("aws:dynamodb", #"{"eventSource":"aws:dynamodb","dynamodb":{}}"#),
    ])
    func `records of another source are refused by their name, and nothing is done`(
        source: String,
        record: String
    ) throws {
        let problem = try #require(try Answered(Triggered.self, #"{"Records":[\#(record)]}"#).answer.problem)
        #expect(problem.code == "validation_failed")
        #expect(problem.violations.map(\.field) == ["Records"])
        #expect(problem.violations.first?.detail.contains(source) == true)
    }

    // Cases: faas 35
    @Test func `no message of a FIFO queue overtakes one that comes again`() throws {
        let record =
            #"{"messageId":"ID","body":"BODY","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:x:1:q.fifo"}"#
        let bodies = [("a", ""), ("b", "{"), ("c", ""), ("d", "")]
        let records = bodies.map { record.replacing("ID", with: $0).replacing("BODY", with: $1) }
        let fifo = #"{"Records":[\#(records.joined(separator: ","))]}"#
        #expect(try failures(Answered(Triggered.self, fifo)) == ["b", "c", "d"])
        #expect(try failures(Answered(Triggered.self, fifo.replacing(".fifo", with: ""))) == ["b"])
    }

    @Test func `a function without triggers takes a trigger as its input`() throws {
        for event in [detail, cloud, batch(["a": ""])] {
            #expect(try Answered(OperatorEcho.self, event).answer.problem?.code == "validation_failed")
        }
    }

    @Test func `behind a web server no event is a trigger`() throws {
        for event in [detail, cloud, batch(["a": ""])] {
            let answered = try Answered(Triggered.self, event, .init(isFromWeb: true))
            #expect(answered.answer.problem?.code == "operator_only")
            #expect(answered.form == .direct)
        }
    }

    /// A batch of messages as SQS sends it, in the order of their names.
    private func batch(_ bodies: [String: String]) -> String {
        let records = bodies.sorted { $0.key < $1.key }.map { name, body in
            #"{"messageId":"\#(name)","receiptHandle":"h","body":"\#(body)","eventSource":"aws:sqs","attributes":{}}"#
        }
        return #"{"Records":[\#(records.joined(separator: ","))]}"#
    }

    private func failures(_ answered: Answered) -> [String]? {
        let answer = try? JSONDocument(parsing: answered.answer.rendered(for: answered.form)).root
        return answer?["batchItemFailures"]?.elements.compactMap { $0["itemIdentifier"]?.string }
    }
}

/// A function that accepts triggers.
struct Triggered: Function {
    struct Input: InputObject {
        let text: String?

        static let schema = Schema(.optional("text", String.self, "Any text."), into: Input.init)
    }

    static let name = "triggered"
    static let summary = "Answers what it got."
    static let subject = Subject.operation
    static let access = Access.operatorOnly
    static let takesTriggers = true

    func run(_ input: Input, in context: inout Context) throws -> Output {
        if input.text == "fail" {
            throw Problem(status: 409, code: "conflict", detail: "There is something in the way.")
        }
        return Output(text: input.text ?? "nothing")
    }

    struct Output: OutputObject {
        let text: String

        static let fields: [OutputField<Output>] = [OutputField("text", "The text.") { $0.text }]
    }
}
