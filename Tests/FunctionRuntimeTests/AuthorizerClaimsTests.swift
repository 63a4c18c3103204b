import Base
import TestSupport
import Testing

@testable import FunctionRuntime

/// Claims that API Gateway has verified: strings, accepted only on Lambda and only if enabled.
struct AuthorizerClaimsTests {
    private static let trusting = ["NOFX_TRUST_AUTHORIZER": "1"]
    private static let subject = "01890a5d-ac96-774b-bcce-b302099a8057"

    private static func claims(_ changes: [String: String?] = [:]) -> [String: String] {
        let claims: [String: String] = [
            "iss": TestFunction.issuer, "aud": TestFunction.audience, "sub": subject,
            "exp": "\(Timestamp.now().secondsSince1970 + 600)",
        ]
        return claims.merging(changes.compactMapValues(\.self)) { $1 }.filter { changes[$0.key] != .some(nil) }
    }

    @Test func `claims are accepted on Lambda if the operator enables it`() throws {
        let answered = try answer(Self.claims(["email": "a@b.example", "email_verified": "true"]))

        #expect(answered.answer.status == 200)
        #expect(try answered.body["caller"]?.string == Self.subject)
        #expect(try answered.body["email"]?.string == "a@b.example")
    }

    @Test func `claims are ignored on other transports, and if the operator does not enable them`() throws {
        #expect(try answer(Self.claims(), onLambda: false).answer.status == 401)
        #expect(try answer(Self.claims(), environment: [:]).answer.status == 401)
        #expect(try answer(Self.claims(), environment: ["NOFX_TRUST_AUTHORIZER": "0"]).answer.status == 401)
    }

    @Test func `an access token has its audience in client_id`() throws {
        #expect(try answer(Self.claims(["aud": nil, "client_id": TestFunction.audience])).answer.status == 200)
    }

    @Test func `an unverified address is ignored`() throws {
        for verified in [nil, "false", "TRUE", "1"] {
            let answered = try answer(Self.claims(["email": "a@b.example", "email_verified": verified]))
            #expect(try answered.body["email"]?.isNull == true)
        }
    }

    @Test(
        arguments: [
            (["scope": "admin:ops"], true), (["scope": "openid admin:ops read"], true), (["scp": "[admin:ops]"], true),
            (["permissions": "[read admin:ops]"], true), ([:], false), (["scope": ""], false),
            (["scope": "admin"], false), (["scope": "admin:ops2"], false), (["scope": "ADMIN:OPS"], false),
            (["scope": "[admin:ops]"], false), (["scope": "read,admin:ops"], false), (["scp": "admin:ops"], false),
            (["permissions": "[admin:ops"], false), (["permissions": "[]"], false), (["roles": "[admin:ops]"], false),
            (["cognito:groups": "[admin:ops]"], false),
        ] as [([String: String], Bool)]
    )
    func `the configured claim decides who is an operator`(changes: [String: String], operates: Bool) throws {
        let answered = try answer(Self.claims(changes))
        #expect(try answered.body["mayOperate"]?.bool == operates)
    }

    @Test(
        arguments: [
            ["iss": nil], ["iss": "https://issuer.test/"], ["iss": "https://evil.test"], ["aud": nil], ["aud": "other"],
            ["aud": "[nofx-test]"], ["sub": nil], ["sub": ""], ["sub": String(repeating: "x", count: 256)],
            ["exp": nil],
            ["exp": "soon"], ["exp": "1e999"], ["exp": "99999999999999999999"], ["exp": "1"], ["exp": "-5"],
            ["exp": "9223372036854775807"], ["exp": "-9223372036854775808"], ["sub": "a\u{7}b"], ["sub": "a\nb"],
        ] as [[String: String?]]
    )
    func `invalid claims are rejected`(changes: [String: String?]) throws {
        let answered = try answer(Self.claims(changes))

        #expect(answered.answer.status == 401)
    }

    @Test func `an expired claim is reported as expired`() throws {
        let past = Timestamp.now().secondsSince1970 - 61
        let answered = try answer(Self.claims(["exp": "\(past)"]))

        #expect(try answered.body["code"]?.string == "token_expired")
    }

    // Cases: teams 146; faas 40
    @Test func `a forged context of a direct event is ignored`() throws {
        for event in [
            #"{"requestContext":{"authorizer":{"jwt":{"claims":\#(json(Self.claims()))}}},"text":"a"}"#,
            #"{"headers":{},"body":{"text":"a"},"requestContext":{"authorizer":{"jwt":{"claims":{}}}}}"#,
        ] {
            let answered = try Answered(event, environment: Self.trusting, onLambda: true)
            #expect(answered.answer.status == 401)
        }
    }

    @Test func `claims and an API key are two credentials and rejected`() throws {
        let answered = try answer(Self.claims(), headers: #""x-api-key":"nofx_live_x""#)
        #expect(answered.answer.status == 401)
        #expect(answered.answer.problem?.code == "ambiguous_credentials")
    }

    @Test func `claims of a REST API or a load balancer are ignored`() throws {
        let context = #"{"authorizer":{"jwt":{"claims":\#(json(Self.claims()))},"claims":\#(json(Self.claims()))}"#
        for (context, method) in [(context + "}", "POST"), (context + #","elb":{}}"#, "POST")] {
            let event = #"{"httpMethod":"\#(method)","requestContext":\#(context),"body":"{\"text\":\"a\"}"}"#
            #expect(try Answered(event, environment: Self.trusting, onLambda: true).answer.status == 401)
        }
    }

    private func answer(
        _ claims: [String: String],
        headers: String = "",
        environment: [String: String] = trusting,
        onLambda: Bool = true
    ) throws -> Answered {
        try Answered(
            """
            {"version":"2.0","headers":{\(headers)},
             "requestContext":{"http":{"method":"POST"},"authorizer":{"jwt":{"claims":\(json(claims))}}},
             "body":"{\\"text\\":\\"a\\"}"}
            """,
            environment: environment,
            onLambda: onLambda
        )
    }

    private func json(_ claims: [String: String]) -> String {
        var json = JSONWriter()
        json.object { json in
            for (name, value) in claims { json.member(name, value) }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
