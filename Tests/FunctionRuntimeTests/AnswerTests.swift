import Base
import Testing

@testable import FunctionRuntime

struct AnswerTests {
    private let success = Answer(
        Reply(body: Array(#""text""#.utf8), isRepeated: false),
        status: 201,
        requestID: "r1",
        rateLimitStatus: nil
    )

    @Test func `a direct event and an envelope get only the body`() {
        for form in [Request.Form.direct, .envelope] {
            #expect(success.rendered(for: form) == Array(#""text""#.utf8))
        }
    }

    // Cases: faas 25
    @Test(arguments: [Request.Form.apiGatewayV1, .apiGatewayV2])
    func `API Gateway gets exactly the members that it supports`(form: Request.Form) throws {
        let answer = try rendered(success, form)

        // An additional member would be a 502 of a REST API.
        #expect(answer.members.map(\.key).sorted() == ["body", "headers", "isBase64Encoded", "statusCode"])
        #expect(answer["statusCode"]?.integer == 201)
        #expect(answer["body"]?.string == #""text""#)
        #expect(answer["isBase64Encoded"]?.bool == false)
        #expect(answer["headers"]?["content-type"]?.string == "application/json")
        #expect(answer["headers"]?["x-request-id"]?.string == "r1")
        #expect(answer["headers"]?["cache-control"]?.string == "no-store")
    }

    // Cases: faas 26
    @Test func `a load balancer gets a status text, and headers in the shape of its request`() throws {
        let single = try rendered(success, .loadBalancer(multiValue: false))
        let multiple = try rendered(success, .loadBalancer(multiValue: true))

        #expect(single["statusDescription"]?.string == "201 Created")
        #expect(single["headers"]?["content-type"]?.string == "application/json")
        #expect(single["multiValueHeaders"] == nil)
        #expect(multiple["multiValueHeaders"]?["content-type"]?.elements.map(\.string) == ["application/json"])
        #expect(multiple["headers"] == nil)
    }

    @Test(arguments: [
        (200, "200 OK"), (400, "400 Bad Request"), (401, "401 Unauthorized"), (403, "403 Forbidden"),
        (404, "404 Not Found"), (405, "405 Method Not Allowed"), (409, "409 Conflict"), (413, "413 Content Too Large"),
        (422, "422 Unprocessable Content"), (429, "429 Too Many Requests"), (500, "500 Internal Server Error"),
        (503, "503 Service Unavailable"),
    ])
    func `every status has a reason phrase`(status: Int, expected: String) throws {
        let answer = Answer(Problem(status: status, code: "code", detail: "detail"), requestID: "r")

        #expect(try rendered(answer, .loadBalancer(multiValue: false))["statusDescription"]?.string == expected)
    }

    // Cases: teams 154
    @Test func `a problem has all members of RFC 9457 and the violations`() throws {
        let problem = Problem.validationFailed([
            Violation(field: "name", .required, "is required"), Violation(field: "a", .unknownField, "is not a field"),
        ])
        let body = try rendered(Answer(problem, requestID: "r1"), .direct)

        #expect(body["type"]?.string == "urn:nofx:error:validation_failed")
        #expect(body["title"]?.string == "Validation failed")
        #expect(body["status"]?.integer == 422)
        #expect(body["code"]?.string == "validation_failed")
        #expect(body["detail"]?.string == "2 fields are invalid.")
        #expect(body["requestId"]?.string == "r1")
        #expect(body["errors"]?.elements.map { $0["field"]?.string } == ["name", "a"])
        #expect(body["errors"]?.elements.map { $0["code"]?.string } == ["required", "unknown_field"])
        #expect(body["errors"]?.elements.map { $0["detail"]?.string } == ["is required", "is not a field"])
    }

    @Test(arguments: [
        (Problem(status: 401, code: "unauthenticated", detail: ""), "www-authenticate", "Bearer"),
        (Problem(status: 401, code: "invalid_token", detail: ""), "www-authenticate", #"Bearer error="invalid_token""#),
        (Problem(status: 401, code: "token_expired", detail: ""), "www-authenticate", #"Bearer error="invalid_token""#),
        (Problem(status: 405, code: "method_not_allowed", detail: ""), "allow", "POST"),
        (Problem(status: 503, code: "unavailable", detail: "", retryAfter: 7), "retry-after", "7"),
        (Problem(status: 403, code: "forbidden", detail: ""), "content-type", "application/problem+json"),
    ])
    func `the headers of a problem tell clients how to proceed`(problem: Problem, name: String, value: String) throws {
        let answer = try rendered(Answer(problem, requestID: "r"), .apiGatewayV2)

        #expect(answer["headers"]?[name]?.string == value)
    }

    @Test func `the error of a Lambda function is the problem with type and message`() throws {
        let answer = Answer(
            Problem(status: 404, code: "team_not_found", detail: "No \"team\"\n\u{1}\u{2028}"),
            requestID: "r"
        )
        let failure = try JSONDocument(parsing: answer.failure("Function.TeamNotFound")).root

        #expect(failure["errorType"]?.string == "Function.TeamNotFound")
        #expect(failure["errorMessage"]?.string == "team_not_found: No \"team\"\n\u{1}\u{2028}")
        #expect(failure["status"]?.integer == 404)
        #expect(failure["requestId"]?.string == "r")
    }

    private func rendered(_ answer: Answer, _ form: Request.Form) throws -> JSONValue {
        try JSONDocument(parsing: answer.rendered(for: form)).root
    }
}
