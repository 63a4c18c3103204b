import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// The allowed input of an invite.
@Suite struct InviteInputTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
    }

    // Cases: teams 73
    @Test(arguments: [
        #""owner""#, #""root""#, #""Admin""#, #""ADMIN""#, #"["admin"]"#, #""admin,owner""#, #"" admin""#, #""""#, "3",
        #"{"role":"admin"}"#,
    ])
    func `a role that cannot be invited is rejected`(_ role: String) throws {
        let problem = #expect(throws: Problem.self) {
            try database.call(InviteMember.self, team.invitation("a@example.com", #""role":\#(role)"#), as: owner)
        }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == ["role"])
        if role.hasPrefix("\"") { #expect(problem?.violations.map(\.code) == [.invalidEnum]) }
        #expect(try database.inviteCounts() == [0, 0, 0])
    }

    // Cases: teams 78
    @Test(arguments: [
        "a@b.c\r\nBcc:x@y.z", "a@b.c\nBcc: x@y.z", "a@b.c, x@y.z", "a@b.c;x@y.z", "<a@b.c>", "Ada <a@b.c>", "a%0Ax@b.c",
        "a@b.c%0ABcc:x@y.z", "a@b", "a@@b.c", "a b@c.d", "\"a b\"@c.d", "\(String(repeating: "a", count: 65))@b.c",
        "\u{212A}im@b.c", "kim@ban\u{212A}.com", "ad\u{430}@example.com", "ada@ex\u{200B}ample.com", "a..b@c.d", "",
        " ",
    ])
    func `an invalid or confusable address is rejected`(_ email: String) throws {
        let problem = #expect(throws: Problem.self) {
            try database.call(InviteMember.self, team.invitation(email), as: owner)
        }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == ["email"])
        #expect(problem?.violations.map(\.code) == [.invalidEmail])
        #expect(try database.inviteCounts() == [0, 0, 0])
    }

    // Cases: teams 79
    @Test func `a message has at most 1000 characters, counted as Unicode scalars`() throws {
        let thousand = String(repeating: "\u{1F389}\n", count: 499) + "ab"
        let input = team.invitation("a@example.com", #""message":\#(json(thousand))"#)
        try database.call(InviteMember.self, input, as: owner)
        #expect(try database.value("SELECT message FROM nofx.team_invites") == thousand)
        let broken: [(String, Violation.Code)] = [
            (json(thousand + "c"), .tooLong), (json(""), .tooShort), (json("a\u{202E}b"), .invalidCharacters),
            (json("a\rb"), .invalidCharacters), ("7", .invalidType),
        ]
        for (message, code) in broken {
            let problem = #expect(throws: Problem.self) {
                let input = team.invitation("b@example.com", #""message":\#(message)"#)
                try database.call(InviteMember.self, input, as: owner)
            }
            #expect(problem?.status == 422)
            #expect(problem?.violations.map(\.field) == ["message"])
            #expect(problem?.violations.map(\.code) == [code])
        }
        #expect(try database.inviteCounts() == [1, 1, 1])
    }

    // Cases: teams 80
    @Test(arguments: ["inviteeName", "inviterName", "invitedBy", "userId", "token", "expiresAt"])
    func `the inviter is the caller, and a field that names another is rejected`(_ field: String) throws {
        let problem = #expect(throws: Problem.self) {
            try database.call(InviteMember.self, team.invitation("a@example.com", #""\#(field)":"Eve""#), as: owner)
        }
        #expect(problem?.violations.map(\.code) == [.unknownField])
        #expect(problem?.violations.map(\.field) == [field])
    }

    // Cases: teams 84
    @Test func `100 tokens are distinct, with 43 characters that are safe in a URL`() {
        let tokens = (0..<100).map { _ in InviteToken.make().text }
        #expect(Set(tokens).count == 100)
        for token in tokens {
            #expect(token.hasPrefix("nofxi_"))
            let random = token.dropFirst(6)
            #expect(random.utf8.count == 43)
            #expect(Base64.decodeURL(random.utf8)?.count == 32)
        }
    }
}
