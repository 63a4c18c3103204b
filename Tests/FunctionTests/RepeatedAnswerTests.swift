import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import FunctionRuntime
@testable import Teams
@testable import Notifications
@testable import nofx

/// An answer that is given again belongs to its user, within the reach of the credential and by present rights.
@Suite struct RepeatedAnswerTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")

    init() throws {
        database = try TestDatabase()
    }

    @Test func `a key sees no more of a session's answer than it would see itself`() throws {
        let create = #"{"name":"Acme","billingEmail":"bills@example.com"}"#
        let made = try repeated(CreateTeam.self, create, as: owner)
        let team = try #require(made["id"]?.string)
        let update = #"{"teamId":"\#(team)","settings":{"a":1}}"#
        try repeated(UpdateTeam.self, update, as: owner)

        let writer = owner.key(scopes: [.write, .read])
        for (answer, settings) in [
            (try repeated(CreateTeam.self, create, as: writer), "{}"),
            (try repeated(UpdateTeam.self, update, as: writer), #"{"a":1}"#),
        ] {
            #expect(answer["billingEmail"]?.isNull == true)
            #expect(answer["settings"]?.text.description.filter { $0 != " " } == settings)
            #expect(answer["permissions"]?.text.description == #"["read","write"]"#)
        }
        // A key with the scope for addresses sees them, and so does the session as before.
        let all = owner.key(scopes: .ofMembers)
        #expect(try repeated(CreateTeam.self, create, as: all)["billingEmail"]?.string == "bills@example.com")
        #expect(try repeated(CreateTeam.self, create, as: owner).text == made.text)
        // A key without the scope is refused as it would be first-hand, and so is one of another team.
        let reader = owner.key(scopes: [.read])
        #expect(refusal(UpdateTeam.self, update, as: reader) == "403 insufficient_scope")
        let other = owner.key(scopes: .ofMembers, team: try database.team("Other", of: owner))
        #expect(refusal(UpdateTeam.self, update, as: other) == "404 team_not_found")
    }

    @Test func `a member who may less now sees less`() throws {
        let team = try database.team(of: owner)
        let admin = try database.member(of: team, as: .admin)
        let update = team.changes(#""settings":{"a":1}"#)
        #expect(try repeated(UpdateTeam.self, update, as: admin)["billingEmail"]?.string == "owner@example.com")

        try change(admin, in: team, to: .member)
        let answer = try repeated(UpdateTeam.self, update, as: admin)
        #expect(answer["billingEmail"]?.isNull == true)
        #expect(answer["settings"]?["a"]?.integer == 1)
        #expect(answer["role"]?.string == "member")

        try change(admin, in: team, to: .viewer)
        #expect(refusal(UpdateTeam.self, update, as: admin) == "403 forbidden")
        try change(admin, in: team, to: .admin, permissions: [.read])
        #expect(refusal(UpdateTeam.self, update, as: admin) == "403 forbidden")
    }

    @Test func `who made a team and handed it over sees it as the member that they are`() throws {
        let create = #"{"name":"Acme"}"#
        let id = try #require(try repeated(CreateTeam.self, create, as: owner)["id"]?.string)
        let team = try database.call(GetTeam.self, #"{"teamId":"\#(id)"}"#, as: owner)
        let heir = try database.member(of: team, as: .admin)
        try database.transfer(team, to: heir)
        try change(owner, in: team, to: .viewer)
        let answer = try repeated(CreateTeam.self, create, as: owner)
        #expect(answer["role"]?.string == "viewer")
        #expect(answer["billingEmail"]?.isNull == true)
        #expect(answer["settings"]?.isNull == true)

        try database.call(LeaveTeam.self, team.reference, as: owner)
        #expect(refusal(CreateTeam.self, create, as: owner) == "404 team_not_found")
    }

    @Test func `who was removed gets no answer about the team, neither from accepting nor from anything else`() throws {
        let team = try database.team(of: owner)
        let guest = Caller.stranger(email: "guest@example.com")
        let invite = try database.invitation("guest@example.com", to: team, by: owner, as: .admin)
        let accepted = try repeated(AcceptInvite.self, invite.acceptance, as: guest)
        #expect(try repeated(AcceptInvite.self, invite.acceptance, as: guest).text == accepted.text)
        let invitation = team.invitation("friend@example.com")
        try repeated(InviteMember.self, invitation, as: guest)

        let removal = team.event(on: try database.membership(of: guest, in: team))
        try repeated(RemoveMember.self, removal, as: owner)
        #expect(refusal(AcceptInvite.self, invite.acceptance, as: guest) == "404 team_not_found")
        #expect(refusal(InviteMember.self, invitation, as: guest) == "404 team_not_found")
        #expect(try repeated(RemoveMember.self, removal, as: owner)["invitesCancelled"]?.integer == 1)
    }

    @Test func `who manages no more gets no answer about members and invites, and no answer has a secret twice`() throws
    {
        let team = try database.team(of: owner)
        let admin = try database.member(of: team, as: .admin)
        let member = try database.member(of: team, as: .member)
        let invitation = team.invitation("friend@example.com")
        let promotion = team.event(on: try database.membership(of: member, in: team), #""role":"viewer""#)
        let webhook = team.webhook("https://hooks.example/secret")
        let invited = try repeated(InviteMember.self, invitation, as: admin)
        #expect(invited["acceptToken"]?.string != nil)
        #expect(try repeated(InviteMember.self, invitation, as: admin)["acceptToken"]?.isNull != false)
        #expect(try repeated(CreateTestWebhook.self, webhook, as: admin)["secret"]?.string != nil)
        #expect(try repeated(CreateTestWebhook.self, webhook, as: admin)["secret"]?.isNull != false)
        try repeated(UpdateMemberRole.self, promotion, as: admin)

        try change(admin, in: team, to: .member)
        #expect(refusal(InviteMember.self, invitation, as: admin) == "403 forbidden")
        #expect(refusal(UpdateMemberRole.self, promotion, as: admin) == "403 forbidden")
        #expect(refusal(CreateTestWebhook.self, webhook, as: admin) == "403 forbidden")
    }

    @Test func `a member's key for a team is answered again while the member may read the team`() throws {
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        let key = draft("CI", scopes: [.read], team: team)
        #expect(try repeated(CreateAPIKey.self, key, as: member)["key"]?.string != nil)
        #expect(try repeated(CreateAPIKey.self, key, as: member)["key"]?.isNull != false)
        #expect(refusal(CreateAPIKey.self, key, as: member.key(scopes: .ofMembers)) == "403 session_required")
        try change(member, in: team, to: .member, permissions: [])
        #expect(refusal(CreateAPIKey.self, key, as: member) == "403 forbidden")
    }

    @Test func `a run that was started is answered again to who may still start runs`() throws {
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        let plan = team.plan(Steps.json([Steps.echo("a")]))
        let started = try repeated(StartRun.self, plan, as: member)
        #expect(try repeated(StartRun.self, plan, as: member).text == started.text)
        try change(member, in: team, to: .viewer)
        #expect(refusal(StartRun.self, plan, as: member) == "403 forbidden")
    }

    @Test func `leaving and deleting a team, and handing it over, are answered again`() throws {
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        let left = try repeated(LeaveTeam.self, team.reference, as: member)
        #expect(try repeated(LeaveTeam.self, team.reference, as: member).text == left.text)

        let heir = try database.member(of: team, as: .admin)
        let transfer = team.event(on: try database.membership(of: heir, in: team))
        let transferred = try repeated(TransferOwnership.self, transfer, as: owner)
        let again = try repeated(TransferOwnership.self, transfer, as: owner)
        #expect(again["ownerId"]?.string == heir.user.description)
        #expect(again["role"]?.string == "admin")
        #expect(again["id"]?.string == transferred["id"]?.string)

        let update = team.changes(#""name":"Zenith""#)
        try repeated(UpdateTeam.self, update, as: heir)
        let deleted = try repeated(DeleteTeam.self, team.reference, as: heir)
        #expect(try repeated(DeleteTeam.self, team.reference, as: heir).text == deleted.text)
        #expect(refusal(UpdateTeam.self, update, as: heir) == "404 team_not_found")
    }

    @Test func `an operator is answered again while they operate, member or not`() throws {
        let team = try database.team(of: owner)
        let operating = Caller.stranger(isOperator: true)
        let budget = team.changes(#""dailyUsd":"5""#)
        let policy = team.changes(#""tools":["test:echo"]"#)
        for _ in 0..<2 {
            #expect(try repeated(SetAIBudget.self, budget, as: operating)["ownDailyUsd"]?.string == "5")
            #expect(try repeated(SetToolPolicy.self, policy, as: operating)["tools"]?.count == 1)
        }
        let former = Caller(
            user: operating.user,
            issuer: operating.issuer,
            subject: operating.subject,
            email: nil
        )
        #expect(refusal(SetAIBudget.self, budget, as: former) == "403 forbidden")
        #expect(refusal(SetToolPolicy.self, policy, as: former) == "403 forbidden")
    }

    // MARK: - Calls

    /// Calls a function with the same idempotency key each time.
    @discardableResult
    private func repeated<F: Function>(_: F.Type, _ input: String, as caller: Caller) throws -> JSONValue {
        var context = try database.context(for: caller)
        let input = try JSONDocument(parsing: Array(input.utf8)).root
        let reply = try F.reply(to: input, key: "k", accept: Accept(Headers()), in: &context)
        return try JSONDocument(parsing: reply.body).root
    }

    private func refusal<F: Function>(_ function: F.Type, _ input: String, as caller: Caller) -> String? {
        do {
            try repeated(function, input, as: caller)
            return nil
        } catch {
            return Refusal(error).description
        }
    }

    private func change(
        _ caller: Caller,
        in team: Team,
        to role: Role,
        permissions: [Permission]? = nil
    ) throws {
        try database.rows(
            """
            UPDATE nofx.team_members SET role = \(role), permissions = \(permissions)
            WHERE team_id = \(team.id) AND user_id = \(caller.user)
            """
        )
    }
}
