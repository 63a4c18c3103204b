import Base
import Postgres
import TestSupport
import Testing

/// Every change in a team is recorded once, with its actor and its request.
struct AuditTrailTests {
    // Cases: teams 122
    @Test func `each change is recorded exactly once, with its actor and its request`() throws {
        var story = try Story()
        try story.tell()
        let rows = try story.database.rows(
            "SELECT action, actor_id::text AS actor, request_id, team_id::text AS team FROM nofx.team_activity ORDER BY id"
        )

        #expect(Set(story.steps.map(\.function)).sorted() == (try Endpoints.changing))
        #expect(rows.count == story.steps.count)
        for (index, step) in story.steps.enumerated() where index < rows.count {
            #expect(try rows[index]["action"] as String == step.action)
            #expect(try rows[index]["actor"] as String == step.subject, "\(step.action)")
            #expect(try rows[index]["request_id"] as String == "request-\(index)", "\(step.action)")
            #expect(try rows[index]["team"] as String == story.team, "\(step.action)")
        }
    }

    // Cases: teams 61, 129
    @Test func `the audit trail contains no token, key, address, message or setting`() throws {
        var story = try Story()
        try story.tell()
        let trail: String = try story.database.value(
            "SELECT string_agg(to_jsonb(a)::text, ' ') FROM nofx.team_activity a"
        )
        let tables = try story.database.dump()

        #expect(story.secrets.count == 6)
        for secret in story.secrets + ["@example.com", "nofxi_", "nofx_live_"] { #expect(!trail.contains(secret)) }
        // Values that are not secret must be found, or the check would prove nothing.
        #expect(trail.contains("Zenith") && trail.contains(story.team))
        #expect(["a private word", "blue", "bills@example.com"].allSatisfy(tables.contains))
    }
}

/// A team on which every kind of change is made.
private struct Story {
    struct Step {
        let function: String
        let action: String
        let subject: String
    }

    let database: TestDatabase
    var team = ""
    var steps: [Step] = []

    /// Secrets that must not appear in the trail.
    var secrets = ["a private word", "blue", "bills@example.com"]

    private let owner = TestDatabase.newSubject()
    private let guest = TestDatabase.newSubject()
    private let operating = TestDatabase.newSubject()

    init() throws {
        database = try TestDatabase()
    }

    mutating func tell() throws {
        team = try change("createTeam", #"{"name":"Acme"}"#, "team.created", by: owner)["id"]?.string ?? ""
        let update = #""name":"Zenith","billingEmail":"bills@example.com","settings":{"color":"blue"}"#
        try change("updateTeam", input(update), "team.updated", by: owner)

        let invitation = input(#""email":"guest@example.com","message":"a private word""#)
        let first = try change("inviteMember", invitation, "invite.sent", by: owner)
        try change("cancelInvite", input(#""inviteId":"\#(first["id"]?.string ?? "")""#), "invite.cancelled", by: owner)
        try join(invitation)
        try change("leaveTeam", input(), "member.left", by: guest)
        try join(invitation)
        let role = try #""memberId":"\#(member(guest))","role":"viewer""#
        try change("updateMemberRole", input(role), "member.role_updated", by: owner)
        try change("removeMember", input(#""memberId":"\#(member(guest))""#), "member.removed", by: owner)
        let token = try join(invitation)

        let draft = input(#""name":"CI","scopes":["read"]"#)
        let key = try change("createApiKey", draft, "key.created", by: guest)
        try change("revokeApiKey", #"{"keyId":"\#(key["id"]?.string ?? "")"}"#, "key.revoked", by: guest)
        secrets += [token, String((key["key"]?.string ?? "").suffix(49))]

        try run()

        let hook = try change("createWebhook", input(#""url":"https://hooks.example/""#), "webhook.created", by: owner)
        try change("deleteWebhook", input(#""webhookId":"\#(hook["id"]?.string ?? "")""#), "webhook.deleted", by: owner)
        secrets.append(String((hook["secret"]?.string ?? "").suffix(44)))

        let policy = input(#""tools":["test:echo"]"#)
        try change("setToolPolicy", policy, "tool_policy.set", by: operating)
        try change("setAiBudget", input(#""dailyUsd":"12.50""#), "ai_budget.set", by: operating)
        let limits = input(#""limits":[{"model":"*","requestsPerMinute":60}]"#)
        try change("setAiLimits", limits, "ai_limits.set", by: operating)
        try change("transferOwnership", input(#""memberId":"\#(member(guest))""#), "ownership.transferred", by: owner)
        try change("deleteTeam", input(), "team.deleted", by: guest)
        try change("restoreTeam", input(), "team.restored", by: guest)
    }

    /// Starts a run with gates, decides two of them, cancels the run, and starts it again.
    private mutating func run() throws {
        let gates = (1...3).map { #"{"name":"gate \#($0)","tool":"gate:manual","inputs":{"message":"blue"}}"# }
        let steps = (gates + [#"{"name":"fail","tool":"test:fail"}"#]).joined(separator: ",")
        let plan = input(#""plan":{"goal":"Test","steps":[\#(steps)]}"#)
        let run = try change("startRun", plan, "run.started", by: owner)["runId"]?.string ?? ""
        func event(_ members: String = "") -> String {
            input(#""runId":"\#(run)"\#(members.isEmpty ? "" : ",")\#(members)"#)
        }
        try change("approveGate", event(#""step":"gate 1""#), "gate.approved", by: owner)
        try change("waiveGate", event(#""step":"gate 2","reason":"Nobody is there.""#), "gate.waived", by: owner)
        try database.work("test.fail", "failed", outputs: nil, error: "test_failure")
        try change("retryStep", event(#""step":"fail""#), "run.step_retried", by: guest)
        try change("cancelRun", event(), "run.cancelled", by: guest)
        try change("rerunRun", event(), "run.started", by: guest)
    }

    @discardableResult
    private mutating func join(_ invitation: String) throws -> String {
        let invite = try change("inviteMember", invitation, "invite.sent", by: owner)
        let token = invite["acceptToken"]?.string ?? ""
        try change("acceptInvite", #"{"token":"\#(token)"}"#, "invite.accepted", by: guest)
        return token
    }

    /// Calls a function with its own request id, as a user with a verified address.
    @discardableResult
    private mutating func change(
        _ function: String,
        _ input: String,
        _ action: String,
        by subject: String
    ) throws -> JSONValue {
        let email = subject == owner ? "owner@example.com" : "guest@example.com"
        let scopes = subject == operating ? ["admin:ops"] : []
        let token = try TestFunction.token(for: subject, email: scopes.isEmpty ? email : nil, scopes: scopes)
        let bearer = ["authorization": "Bearer \(token)"]
        let event = Events.v2(input, headers: bearer).replacing("JKJaXmPLvHcESHA=", with: "request-\(steps.count)")
        steps.append(Step(function: function, action: action, subject: subject))
        let outcome = try database.function(function).run(event)
        let answer = try outcome.json()
        #expect([200, 201].contains(answer["statusCode"]?.integer), "\(function): \(outcome)")
        return try answer.answer()
    }

    private func input(_ members: String = "") -> String {
        #"{"teamId":"\#(team)"\#(members.isEmpty ? "" : ",")\#(members)}"#
    }

    private func member(_ subject: String) throws -> String {
        try database.value(
            "SELECT id::text FROM nofx.team_members WHERE team_id::text = \(team) AND user_id::text = \(subject)"
        )
    }
}
