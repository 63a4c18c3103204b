import Base
import TestSupport
import Testing

@testable import FunctionRuntime

/// A caller needs a token of the configured issuer.
struct AuthenticatorTests {
    // Cases: teams 144
    @Test func `a subject that is a UUID is the user id, and another subject is mapped to one`() throws {
        let uuid = "01890a5d-ac96-774b-bcce-b302099a8057"
        let named = try Answered(input, .init(token: TestFunction.token(for: "auth0|1"))).body["caller"]?.string

        #expect(try Answered(input, .init(token: TestFunction.token(for: uuid))).body["caller"]?.string == uuid)
        #expect(named.flatMap { UUID($0) } != nil)
        #expect(try Answered(input, .init(token: TestFunction.token(for: "auth0|1"))).body["caller"]?.string == named)
        #expect(try Answered(input, .init(token: TestFunction.token(for: "auth0|2"))).body["caller"]?.string != named)
    }

    // Cases: teams 131
    @Test(arguments: ["", "x", "null", "undefined", "true", "a.b.c", "..", "e30.e30.", "Bearer x", "test", "é\u{7}"])
    func `any other text is not a token`(text: String) throws {
        let answered = try Answered(input, .init(token: text))

        #expect(answered.answer.status == 401)
        #expect(answered.log.containing("authz").isEmpty)
    }

    @Test func `the log has the reason for the rejection, but not the token`() throws {
        let token = try TestFunction.token(for: "somebody")
        let forged = token.dropLast(6) + "AAAAAA"
        let answered = try Answered(input, .init(token: String(forged)))

        #expect(try answered.body["detail"]?.string == "The token is not valid.")
        #expect(answered.log.containing("token.refused").count == 1)
        #expect(answered.log.all.allSatisfy { !$0.contains(token.prefix(20)) && !$0.contains("AAAAAA") })
    }

    // Cases: teams 147
    @Test(arguments: ["NODE_ENV", "APP_ENV", "NOFX_ENV", "SWIFT_ENV"])
    func `no environment has weaker checks`(variable: String) throws {
        for value in ["test", "development"] {
            #expect(try Answered(input, environment: [variable: value]).answer.status == 401)
        }
    }

    private let input = #"{"text":"hello"}"#
}
