import Base
import Cryptography
import Postgres
import TestSupport
import Testing

/// Invites, with real processes for inviters and invited users.
struct InviteTests {
    private let database: TestDatabase
    private let owner = TestDatabase.newSubject()
    private let ada = TestDatabase.newSubject()
    private let team: String

    init() throws {
        database = try TestDatabase()
        team = try database.makeTeam("Zenith", as: owner)
    }

    private func accept(_ event: String, as subject: String, email: String) throws -> Subprocess.Outcome {
        try database.function("acceptInvite", as: subject, email: email, environment: ["LOG_LEVEL": "warning"])
            .run(event)
    }

    // Cases: teams 85
    @Test func `an invited user accepts and becomes a member`() throws {
        let invited = try database.function("inviteMember", as: owner, environment: ["LOG_LEVEL": "warning"])
            .run(#"{"teamId":"\#(team)","email":"Ada@Example.com","role":"viewer","message":"Come in."}"#)
        #expect(invited.status == 0)
        #expect(invited.errors.isEmpty)
        let invite = try invited.json()
        #expect(invite["email"]?.string == "Ada@Example.com")
        #expect(invite["role"]?.string == "viewer")
        #expect(invite["status"]?.string == "pending")
        let token = try #require(invite["acceptToken"]?.string)
        #expect(token.utf8.count == 49)

        let accepted = try accept(#"{"token":"\#(token)"}"#, as: ada, email: "ada@example.com")
        #expect(accepted.status == 0)
        #expect(accepted.errors.isEmpty)
        #expect(try accepted.json()["teamId"]?.string == team)
        #expect(try accepted.json()["teamName"]?.string == "Zenith")
        #expect(try accepted.json()["role"]?.string == "viewer")
        #expect(try accepted.json()["alreadyMember"]?.bool == false)
        let seen = try database.function("getTeam", as: ada).run(#"{"teamId":"\#(team)"}"#)
        #expect(try seen.json()["role"]?.string == "viewer")
        let listed = try database.function("listInvites", as: owner).run(#"{"teamId":"\#(team)"}"#)
        #expect(try listed.json()["items"]?.elements.map { $0["status"]?.string } == ["accepted"])
        #expect(!listed.output.contains("nofxi_"))
    }

    // Cases: teams 70
    @Test func `a token appears in one response only, not in a table, a log or a replayed response`() throws {
        let bearer = ["authorization": "Bearer \(try TestFunction.token(for: owner))", "idempotency-key": "one"]
        let event = Events.v2(#"{"teamId":"\#(team)","email":"ada@example.com"}"#, headers: bearer)
        let outcomes = try (0..<2).map { _ in
            try database.function("inviteMember", environment: ["LOG_LEVEL": "debug"]).run(event)
        }
        #expect(try outcomes.map { try $0.json()["statusCode"]?.integer } == [201, 201])
        let answers = try outcomes.map { try $0.json().answer() }
        #expect(answers[0]["id"]?.string == answers[1]["id"]?.string)
        #expect(answers[1]["acceptToken"]?.isNull == true)
        let token = try #require(answers[0]["acceptToken"]?.string)
        let random = try #require(Base64.decodeURL(Array(token.utf8.dropFirst(6))))
        #expect(random.count == 32)

        let listed = try database.function("listInvites", as: owner).run(#"{"teamId":"\#(team)"}"#)
        let foreign = try accept(#"{"token":"\#(token)"}"#, as: TestDatabase.newSubject(), email: "eve@example.com")
        let accepted = try accept(#"{"token":"\#(token)"}"#, as: ada, email: "ada@example.com")
        #expect(accepted.status == 0)
        let stored = try database.dump()
        // The dump contains everything else that is stored.
        #expect(stored.contains(Hexadecimal.encode(SHA256.digest(Array(token.utf8)))))
        #expect(stored.contains("ada@example.com"))
        let secrets = [
            token, String(token.dropFirst(6)), Hexadecimal.encode(random), Hexadecimal.encode(Array(token.utf8)),
            Hexadecimal.encode(Array(token.utf8.dropFirst(6))), Base64.encode(random),
        ]
        for secret in secrets {
            #expect(!stored.contains(secret))
            for outcome in outcomes + [listed, foreign, accepted] { #expect(!outcome.errors.contains(secret)) }
            for outcome in [outcomes[1], listed, foreign, accepted] { #expect(!outcome.output.contains(secret)) }
        }
    }

    @Test func `a token works for the invited user, once, before it expires and unless it is cancelled`() throws {
        let used = try database.invite("ada@example.com", to: team, by: owner)
        #expect(try accept(used.acceptance, as: ada, email: "ada@example.com").status == 0)
        let replayed = try accept(used.acceptance, as: ada, email: "ada@example.com")
        #expect(replayed.status == 0)
        #expect(try replayed.json()["alreadyMember"]?.bool == true)
        let namesake = TestDatabase.newSubject()
        try expectProblem(accept(used.acceptance, as: namesake, email: "ada@example.com"), 409, "invite_used", exit: 73)

        let cancelled = try database.invite("bob@example.com", to: team, by: owner)
        let reference = #"{"teamId":"\#(team)","inviteId":"\#(cancelled.id)"}"#
        let first = try database.function("cancelInvite", as: owner).run(reference)
        #expect(try first.json()["status"]?.string == "cancelled")
        let again = try database.function("cancelInvite", as: owner).run(reference)
        try expectProblem(again, 409, "invite_cancelled", exit: 73)
        let late = try accept(cancelled.acceptance, as: namesake, email: "bob@example.com")
        try expectProblem(late, 409, "invite_cancelled", exit: 73)

        let expired = try database.invite("eve@example.com", to: team, by: owner)
        try database.rows("UPDATE nofx.team_invites SET expires_at = now() WHERE email = 'eve@example.com'")
        let missed = try accept(expired.acceptance, as: namesake, email: "eve@example.com")
        try expectProblem(missed, 409, "invite_expired", exit: 73)
        #expect(try database.value("SELECT count(*) FROM nofx.team_members", as: Int.self) == 2)
        #expect(
            try database.value("SELECT count(*) FROM nofx.team_activity WHERE action = 'invite.accepted'", as: Int.self)
                == 1
        )
    }

    // Cases: teams 88
    @Test func `another user's invite is refused without naming the team, and logged with its id`()
        throws
    {
        let invite = try database.invite("ada@example.com", to: team, by: owner)
        let eve = TestDatabase.newSubject()
        let outcome = try accept(invite.acceptance, as: eve, email: "eve@example.com")
        try expectProblem(outcome, 403, "invite_email_mismatch", exit: 77)
        for word in ["Zenith", team, "ada@example.com", invite.id] { #expect(!outcome.output.contains(word)) }
        let warnings = try outcome.log("authz.denied")
        #expect(warnings.map { $0["teamId"]?.string } == [team])
        #expect(warnings.map { $0["userId"]?.string } == [eve])
        #expect(warnings.map { $0["reason"]?.string } == ["email_mismatch"])
        #expect(try database.value("SELECT status FROM nofx.team_invites") == "pending")
        #expect(
            try database.value("SELECT reason || ' ' || hits FROM nofx.security_events WHERE team_id = \(team)")
                == "email_mismatch 1"
        )
    }

    // Cases: teams 78
    @Test func `an address with a Kelvin sign in place of K is invalid`() throws {
        let invite = try database.invite("kim@example.com", to: team, by: owner)
        let claims = Tokens.claims(["email": #""\#u{212A}im@example.com""#, "email_verified": "true"])
        let eve = try TestFunction("acceptInvite", database: database.url, token: Tokens.signed(claims: claims))
            .run(invite.acceptance)
        try expectProblem(eve, 403, "email_not_verified", exit: 77)
        let invited = try database.function("inviteMember", as: owner)
            .run(#"{"teamId":"\#(team)","email":"\#u{212A}im@example.com"}"#)
        try expectProblem(invited, 422, "validation_failed", exit: 65)
        #expect(try accept(invite.acceptance, as: ada, email: "KIM@example.com").status == 0)
    }

    // Cases: teams 87
    @Test(arguments: ["false", #""true""#, "null", "1"])
    func `an unverified address cannot accept an invite`(verified: String) throws {
        let invite = try database.invite("ada@example.com", to: team, by: owner)
        let claims = Tokens.claims(["email": #""ada@example.com""#, "email_verified": verified])
        let outcome = try TestFunction("acceptInvite", database: database.url, token: Tokens.signed(claims: claims))
            .run(invite.acceptance)
        try expectProblem(outcome, 403, "email_not_verified", exit: 77)
        #expect(try outcome.log("authz.denied").map { $0["reason"]?.string } == ["email_not_verified"])
        #expect(try database.value("SELECT status FROM nofx.team_invites") == "pending")
    }

    // Cases: teams 78
    @Test(arguments: [
        #"a@b.c\r\nBcc:x@y.z"#, #"a@b.c\nBcc: x@y.z"#, #"a@b.c\u000d\u000aDATA"#, "a@b.c, x@y.z", "<a@b.c>",
        #"a@b.c>\r\nRCPT TO:<x@y.z"#, "a%0d%0aBcc:x@b.c", "a@b.c%0ABcc:x@y.z", "a@[127.0.0.1]", "-oQ/tmp@b",
    ])
    func `an address that injects a header, a command or a recipient is rejected`(_ email: String) throws {
        let outcome = try database.function("inviteMember", as: owner)
            .run(#"{"teamId":"\#(team)","email":"\#(email)"}"#)
        try expectProblem(outcome, 422, "validation_failed", exit: 65)
        #expect(try outcome.json()["errors"]?.elements.map { $0["code"]?.string } == ["invalid_email"])
        #expect(try database.value("SELECT count(*) FROM nofx.team_invites", as: Int.self) == 0)
        #expect(try database.value("SELECT count(*) FROM nofx.queue WHERE topic = 'mail'", as: Int.self) == 0)
    }

    // Cases: teams 89
    @Test func `an unknown token is 404 and a malformed one is 422, for any length`() throws {
        let junk = [
            String(repeating: "A", count: 10_240), "nofxi_" + String(repeating: "A", count: 10_240), "../../etc/passwd",
            "", "nofxi_", "' OR true --", "nofxi_" + String(repeating: "A", count: 42),
        ]
        for token in junk {
            let outcome = try accept(#"{"token":"\#(token)"}"#, as: ada, email: "ada@example.com")
            try expectProblem(outcome, 422, "validation_failed", exit: 65)
            #expect(outcome.output.utf8.count < 600)
            if token.count > 6 { #expect(!outcome.output.contains(token)) }
        }
        let unknown = ["A", "I", "Q", "g"].map { "nofxi_" + String(repeating: $0, count: 42) + "A" }
        let shapes = try unknown.map { token in
            let outcome = try accept(#"{"token":"\#(token)"}"#, as: ada, email: "ada@example.com")
            try expectProblem(outcome, 404, "invite_not_found", exit: 66)
            return outcome.output.replacing(try outcome.json()["requestId"]?.string ?? "", with: "")
        }
        #expect(Set(shapes).count == 1)
    }

    // Cases: teams 81
    @Test func `an operator limits pending invites per team and new invites per day`() throws {
        let quota = try (0..<2).map { number in
            try database.function("inviteMember", as: owner, environment: ["NOFX_MAX_INVITES": "1"])
                .run(#"{"teamId":"\#(team)","email":"a\#(number)@example.com"}"#)
        }
        #expect(quota[0].status == 0)
        try expectProblem(quota[1], 403, "quota_exceeded", exit: 77)
        let rate = try (0..<3).map { number in
            try database.function("inviteMember", as: owner, environment: ["NOFX_INVITES_PER_DAY": "2"])
                .run(#"{"teamId":"\#(team)","email":"b\#(number)@example.com"}"#)
        }
        #expect(rate.map(\.status) == [0, 0, 75])
        try expectProblem(rate[2], 429, "rate_limited", exit: 75)
        #expect((43_000...43_200).contains(try rate[2].json()["retryAfter"]?.integer ?? 0))
        #expect(try database.value("SELECT count(*) FROM nofx.team_invites", as: Int.self) == 3)
        #expect(try database.value("SELECT count(*) FROM nofx.queue WHERE topic = 'mail'", as: Int.self) == 3)
    }

    @Test func `two variables limit the invites of a user and to an address over all teams`() throws {
        let other = try database.makeTeam("Other", as: owner)
        let limits = [
            ("NOFX_INVITES_PER_USER_PER_DAY", ["a@example.com", "b@example.com"]),
            ("NOFX_INVITES_PER_ADDRESS_PER_DAY", ["c@example.com", "C@example.com"]),
        ]
        for (variable, emails) in limits {
            let statuses = try zip([team, other], emails).map { team, email in
                try database.function("inviteMember", as: owner, environment: [variable: "1"])
                    .run(#"{"teamId":"\#(team)","email":"\#(email)"}"#).status
            }
            #expect(statuses == [0, 75], "\(variable)")
        }
    }
}
