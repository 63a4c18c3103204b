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

    @Test func `the input of a cloud event is its data, which may be base64 or missing`() throws {
        let encoded = cloud.replacing(#""data":{"text":"hello"}"#, with: #""data_base64":"eyJ0ZXh0IjoiaGVsbG8ifQ==""#)
        let empty = cloud.replacing(#","data":{"text":"hello"}"#, with: "")
        #expect(try Answered(Triggered.self, cloud).body["text"]?.string == "hello")
        #expect(try Answered(Triggered.self, encoded).body["text"]?.string == "hello")
        #expect(try Answered(Triggered.self, empty).body["text"]?.string == "nothing")
        let broken = cloud.replacing(#""data":{"text":"hello"}"#, with: #""data_base64":"!""#)
        #expect(try Answered(Triggered.self, broken).answer.problem?.code == "malformed_json")
    }

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

    @Test func `records of another source are not a batch`() throws {
        for event in [
            #"{"Records":[]}"#, #"{"Records":[{"eventSource":"aws:s3","messageId":"a","body":""}]}"#,
            #"{"Records":[{"eventSource":"aws:sqs","body":""}]}"#, #"{"Records":[1]}"#, #"{"Records":{}}"#,
        ] {
            #expect(try Answered(Triggered.self, event).answer.problem?.code == "validation_failed")
        }
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
