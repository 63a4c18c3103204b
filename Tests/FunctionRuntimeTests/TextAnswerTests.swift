import Base
import Core
import TestSupport
import Testing

@testable import FunctionRuntime

/// Functions that answer GET requests with text.
struct TextAnswerTests {
    private static let forms: [(Request.Form, String)] = [
        (.apiGatewayV2, #"{"version":"2.0","headers":HEADERS,"requestContext":{"http":{"method":"METHOD"}}}"#),
        (.apiGatewayV1, #"{"httpMethod":"METHOD","headers":HEADERS,"requestContext":{}}"#),
        (
            .loadBalancer(multiValue: false),
            #"{"httpMethod":"METHOD","headers":HEADERS,"requestContext":{"elb":{}},"body":""}"#
        ),
    ]

    @Test(arguments: forms)
    func `an HTTP event gets typed text, and a GET needs no body`(form: Request.Form, event: String) throws {
        let answered = try answer(event, "GET", accept: "text/plain")
        let rendered = try JSONDocument(parsing: answered.answer.rendered(for: answered.form)).root
        #expect(answered.form == form)
        #expect(rendered["statusCode"]?.integer == 200)
        #expect(rendered["headers"]?["content-type"]?.string == "text/x-greeting; charset=utf-8")
        #expect(rendered["headers"]?["cache-control"]?.string == "no-store")
        #expect(rendered["body"]?.string == "hello\nworld\n")
    }

    @Test(arguments: forms)
    func `without a preference for text the answer is JSON`(form: Request.Form, event: String) throws {
        for accept in ["*/*", "application/json", "text/html"] {
            let answered = try answer(event, "GET", accept: accept)
            #expect(try answered.body.string == "hello")
            #expect(answered.answer.headers.contains { $0 == ("content-type", "application/json") })
        }
    }

    @Test func `an envelope gets plain text`() throws {
        let answered = try answer(#"{"headers":HEADERS,"body":{}}"#, "", accept: "text/plain")
        #expect(String(decoding: answered.answer.rendered(for: answered.form), as: UTF8.self) == "hello\nworld\n")
    }

    @Test func `an error is a JSON problem even if text is preferred`() throws {
        let answered = try answer(#"{"headers":HEADERS,"body":{"nonsense":1}}"#, "", accept: "text/plain")
        #expect(answered.answer.status == 422)
        #expect(answered.answer.headers.contains { $0 == ("content-type", "application/problem+json") })
        #expect(try answered.body["code"]?.string == "validation_failed")
    }

    @Test(arguments: ["PUT", "head", "get", ""])
    func `other methods are rejected with the list of allowed ones`(method: String) throws {
        let answered = try answer(Self.forms[0].1, method, accept: "*/*")
        #expect(answered.answer.status == 405)
        #expect(answered.answer.headers.contains { $0 == ("allow", "GET, HEAD, POST") })
    }

    @Test func `a function rejects GET unless it declares it`() throws {
        let event = filled(Self.forms[0].1, "GET", accept: "*/*")
        let answered = try Answered(event)
        #expect(answered.answer.status == 405)
        #expect(answered.answer.headers.contains { $0 == ("allow", "POST") })
    }

    @Test(arguments: forms)
    func `the answer to HEAD is that to GET without its body`(form: Request.Form, event: String) throws {
        let (head, get) = (try answer(event, "HEAD", accept: "*/*"), try answer(event, "GET", accept: "*/*"))
        #expect(head.answer.status == 200)
        #expect(head.answer.body.isEmpty && !get.answer.body.isEmpty)
        let fields = [head, get].map { $0.answer.headers.map(\.name) }
        #expect(fields[0] == fields[1])
    }

    @Test func `the body of a GET is ignored`() throws {
        let event = Self.forms[0].1.replacing(#""headers""#, with: #""body":"{{nonsense","headers""#)
        #expect(try answer(event, "GET", accept: "text/plain").answer.status == 200)
        #expect(try answer(event, "POST", accept: "text/plain").answer.status == 400)
    }

    private func answer(_ event: String, _ method: String, accept: String) throws -> Answered {
        try Answered(Greeting.self, filled(event, method, accept: accept))
    }

    private func filled(_ event: String, _ method: String, accept: String) -> String {
        let token = try? TestFunction.token(for: "ada")
        return event.replacing("METHOD", with: method)
            .replacing("HEADERS", with: #"{"authorization":"Bearer \#(token ?? "")","Accept":"\#(accept)"}"#)
    }
}

/// A function that answers with text.
private struct Greeting: Function {
    struct Output: TextOutput {
        static let textTypes = ["text/plain"]
        static let textContentType = "text/x-greeting; charset=utf-8"
        static let rule = "string"
        static let form = ValueForm.string()
        let text = "hello\nworld\n"

        func encode(to json: inout JSONWriter) { json.string("hello") }
    }

    static let name = "greeting"
    static let summary = "Greets."
    static let subject = Subject.operation
    static let access = Access.authenticated
    static let allowsGet = true

    func run(_ input: NoInput, in context: inout Context) -> Output {
        Output()
    }
}
