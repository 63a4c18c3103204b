import Base
import Core
import Postgres
import TestSupport
import Testing

/// The answers of every endpoint to users who are not in the team.
struct StrangerTests {
    /// Inputs of every endpoint that takes a team, with other ids in the team.
    static let teamInputs: [(function: String, more: String)] = [
        ("aiUsage", ""), ("approveGate", #","runId":"RUN","step":"approve""#),
        ("cancelInvite", #","inviteId":"INVITE""#), ("cancelRun", #","runId":"RUN""#),
        ("createApiKey", #","name":"mine","scopes":["read"]"#),
        ("createWebhook", #","url":"https://hooks.example/""#), ("deleteTeam", ""),
        ("deleteWebhook", #","webhookId":"MEMBER""#),
        ("getArtifact", #","runId":"RUN","step":"build","name":"confidential.txt""#),
        ("getRun", #","runId":"RUN""#), ("getTeam", ""), ("inviteMember", #","email":"mallory@example.com""#),
        ("leaveTeam", ""),
        ("listActivity", ""), ("listGates", ""), ("listInvites", ""), ("listMembers", ""), ("listRuns", ""),
        ("listSecurityEvents", ""),
        ("previewRun", #","standard":{"prompt":"Mine"}"#), ("removeMember", #","memberId":"MEMBER""#),
        ("rerunRun", #","runId":"RUN""#), ("restoreTeam", ""), ("retryStep", #","runId":"RUN","step":"build""#),
        ("runTimeline", #","runId":"RUN""#),
        ("startRun", #","standard":{"prompt":"Mine"}"#),
        ("listWebhooks", ""),
        ("transferOwnership", #","memberId":"MEMBER""#),
        ("updateMemberRole", #","memberId":"MEMBER","role":"admin""#), ("updateTeam", #","name":"Mine""#),
        ("waiveGate", #","runId":"RUN","step":"approve","reason":"Mine""#),
    ]

    /// Inputs of the other endpoints that need a credential.
    private static let otherInputs = [
        (function: "acceptInvite", input: #"{"token":"nofxi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#),
        (function: "aiHealth", input: "{}"),
        (
            function: "chatCompletions",
            input: #"{"teamId":"TEAM","model":"m","messages":[{"role":"user","content":"Mine"}]}"#
        ), (function: "createTeam", input: #"{"name":"Own"}"#),
        (function: "listApiKeys", input: "{}"), (function: "listDeadLetters", input: #"{"teamId":"TEAM"}"#),
        (function: "listTeams", input: "{}"), (function: "queueStats", input: "{}"),
        (function: "redriveDeadLetters", input: "{}"), (function: "resetBreaker", input: #"{"all":true}"#),
        (function: "revokeApiKey", input: #"{"keyId":"KEY"}"#),
        (function: "setAiBudget", input: #"{"teamId":"TEAM","dailyUsd":"0"}"#),
        (function: "setAiLimits", input: #"{"teamId":"TEAM","limits":[]}"#),
        (function: "setToolPolicy", input: #"{"teamId":"TEAM","tools":null}"#),
    ]

    @Test func `this suite covers every endpoint`() throws {
        let walked = Self.teamInputs.map(\.function) + Self.otherInputs.map(\.function) + Endpoints.operators
        #expect(try Endpoints.all == walked.sorted())
    }

    // Cases: queue 86; teams 41
    @Test func `no endpoint reveals to a stranger whether a team exists`() throws {
        let scene = try Scene()
        let stranger = try TestFunction.token(for: TestDatabase.newSubject(), email: "mallory@example.com")
        for (function, more) in Self.teamInputs {
            let there = try scene.call(function, scene.input(scene.team, more), as: stranger)
            let deleted = try scene.call(function, scene.input(scene.deletedTeam, more), as: stranger)
            let missing = try scene.call(function, scene.input(UUID.v7().description, more), as: stranger)
            try expectProblem(there, 404, "team_not_found", exit: 66)
            #expect(try anonymous(there) == anonymous(missing), "\(function)")
            #expect(try anonymous(deleted) == anonymous(missing), "\(function)")
        }
        #expect(try scene.fingerprint() == scene.before)
    }

    @Test func `a stranger sees only the stranger's own data`() throws {
        let scene = try Scene()
        let stranger = try TestFunction.token(for: TestDatabase.newSubject(), email: "mallory@example.com")
        for (function, input) in Self.otherInputs {
            let outcome = try scene.call(
                function,
                input.replacing("KEY", with: scene.key).replacing("TEAM", with: scene.team),
                as: stranger
            )
            try expectNoInternals(outcome)
            for secret in scene.secrets { #expect(!outcome.output.contains(secret), "\(function): \(secret)") }
        }
        #expect(try scene.fingerprint() == scene.before)
    }

    @Test func `no endpoint answers without a credential, and operator endpoints reject web events`() throws {
        let scene = try Scene()
        for (function, more) in Self.teamInputs {
            let outcome = try scene.call(function, scene.input(scene.team, more), as: nil)
            try expectProblem(outcome, 401, "unauthenticated", exit: 77)
        }
        for (function, input) in Self.otherInputs {
            let outcome = try scene.call(function, input, as: nil)
            if try Endpoints.answeringWithProblems.contains(function) {
                try expectProblem(outcome, 401, "unauthenticated", exit: 77)
            } else {
                #expect(try outcome.status == 77 && outcome.json()["error"]?["message"]?.string != nil)
            }
        }
        let token = try TestFunction.token(for: scene.owner)
        for function in Endpoints.operators {
            let event = Events.v2("{}", headers: ["authorization": "Bearer \(token)"])
            let mail = ["NOFX_MAIL_FROM": "mail@acme.example", "NOFX_SMTP_URL": "smtp://127.0.0.1:1"]
            let answer = try scene.database.function(function, environment: mail).run(event).json()
            #expect(answer["statusCode"]?.integer == 403, "\(function)")
            #expect(answer["body"]?.string?.contains(#""code":"operator_only""#) == true)
        }
        #expect(try scene.fingerprint() == scene.before)
    }

    // Cases: teams 40
    @Test(arguments: ["member", "viewer"])
    func `members without management rights see no address, token, key or hash of others`(role: String) throws {
        let scene = try Scene()
        let subject = TestDatabase.newSubject()
        try scene.database.add(subject, to: scene.team, as: role)
        let token = try TestFunction.token(for: subject, email: "carol@example.com")
        for (function, more) in Self.teamInputs where Self.isReading(function) {
            let outcome = try scene.call(function, scene.input(scene.team, more), as: token)
            try expectNoInternals(outcome)
            for secret in scene.secrets where !scene.publicAmongMembers.contains(secret) {
                #expect(!outcome.output.contains(secret), "\(function): \(secret)")
            }
        }
    }

    @Test func `the owner sees everything except tokens, keys and hashes`() throws {
        let scene = try Scene()
        let token = try TestFunction.token(for: scene.owner, email: "ada@example.com")
        for (function, more) in Self.teamInputs where Self.isReading(function) {
            let outcome = try scene.call(function, scene.input(scene.team, more), as: token)
            #expect(outcome.status == 0, "\(outcome)")
            for secret in scene.hidden { #expect(!outcome.output.contains(secret), "\(function): \(secret)") }
        }
        let keys = try scene.call("listApiKeys", "{}", as: token)
        #expect(keys.status == 0)
        for secret in scene.hidden { #expect(!keys.output.contains(secret)) }
    }

    private static func isReading(_ function: String) -> Bool {
        ["get", "list", "aiUsage", "runTimeline"].contains { function.hasPrefix($0) }
    }

    /// The answer without the members that differ between all answers.
    private func anonymous(_ outcome: Subprocess.Outcome) throws -> String {
        let id = try #require(try outcome.json()["requestId"]?.string)
        return outcome.output.replacing(id, with: "")
    }
}

/// A team with every kind of data.
private struct Scene {
    let database: TestDatabase
    let owner = TestDatabase.newSubject()
    let team: String
    let deletedTeam: String
    let key: String
    let before: String
    private let member: String
    private let invite: String
    private let run: String

    /// Secrets that no later answer may contain.
    let hidden: [String]

    /// Data that members may see.
    let publicAmongMembers: [String]

    /// Data that only the team's managers may see.
    let secrets: [String]

    init() throws {
        database = try TestDatabase()
        let token = try TestFunction.token(for: owner, email: "ada@example.com")
        let made = try Self.call(database, "createTeam", #"{"name":"Secret Society"}"#, as: token).json()
        team = made["id"]?.string ?? ""
        let other = try Self.call(database, "createTeam", #"{"name":"Gone"}"#, as: token).json()
        deletedTeam = other["id"]?.string ?? ""
        _ = try Self.call(database, "deleteTeam", #"{"teamId":"\#(deletedTeam)"}"#, as: token)
        let invited = try Self.call(
            database,
            "inviteMember",
            #"{"teamId":"\#(team)","email":"bob@example.com","message":"A very private message."}"#,
            as: token
        ).json()
        invite = invited["id"]?.string ?? ""
        let accepting = invited["acceptToken"]?.string ?? ""
        let made2 = try Self.call(
            database,
            "createApiKey",
            #"{"teamId":"\#(team)","name":"the private key","scopes":["read"]}"#,
            as: token
        ).json()
        key = made2["id"]?.string ?? ""
        let secret = made2["key"]?.string ?? ""
        member = try database.value("SELECT id::text FROM nofx.team_members WHERE team_id::text = \(team)")
        run = try database.startRun(
            [
                TestStep("build", inputs: #"{"word":"confidential"}"#),
                TestStep("approve", "gate:manual", inputs: #"{"message":"A confidential gate."}"#),
            ],
            goal: "A confidential goal.",
            team: UUID(team) ?? .v7(),
            by: Caller(endToEnd: owner)
        ).description
        try database.finish(
            database.claim(),
            outputs: #"{"result":"confidential"}"#,
            artifacts: [TestArtifact("confidential.txt", "text/plain", "confidential".utf8)]
        )
        let hashes: [String] = try database.value(
            """
            SELECT array_agg(h) FROM (
                SELECT encode(token_hash, 'hex') AS h FROM nofx.team_invite_tokens
                UNION ALL SELECT encode(secret_hash, 'hex') FROM nofx.api_keys
                UNION ALL SELECT encode(secret_hash, 'base64') FROM nofx.api_keys
            ) AS hashes
            """
        )
        hidden = [accepting, secret] + hashes
        publicAmongMembers = ["Secret Society", "secret-society", owner, member, run, "confidential"]
        secrets = publicAmongMembers + hidden + ["ada@example.com", "bob@example.com", invite, "private"]
        before = try Self.fingerprint(of: database)
        guard !hidden.contains(""), !secrets.contains("") else { throw TestDatabase.NotOneTeam(output: "\(secrets)") }
    }

    func input(_ team: String, _ more: String) -> String {
        let more = more.replacing("INVITE", with: invite).replacing("MEMBER", with: member).replacing("RUN", with: run)
        return #"{"teamId":"\#(team)"\#(more)}"#
    }

    func call(_ function: String, _ input: String, as token: String?) throws -> Subprocess.Outcome {
        try Self.call(database, function, input, as: token)
    }

    /// A checksum of the team's rows.
    func fingerprint() throws -> String {
        try Self.fingerprint(of: database)
    }

    private static func call(
        _ database: TestDatabase,
        _ function: String,
        _ input: String,
        as token: String?
    ) throws -> Subprocess.Outcome {
        try TestFunction(function, database: database.url, token: token).run(input)
    }

    private static func fingerprint(of database: TestDatabase) throws -> String {
        try database.value(
            """
            SELECT md5(string_agg(line, '' ORDER BY line)) FROM (
                SELECT t::text AS line FROM nofx.teams t WHERE name <> 'Own'
                UNION ALL SELECT m::text FROM nofx.team_members m JOIN nofx.teams t ON t.id = m.team_id
                          WHERE t.name <> 'Own'
                UNION ALL SELECT i::text FROM nofx.team_invites i
                UNION ALL SELECT k::text FROM nofx.api_keys k
                UNION ALL SELECT b::text FROM nofx.ai_budgets b
                UNION ALL SELECT c::text FROM nofx.circuit_breakers c
                UNION ALL SELECT r::text FROM nofx.runs r
                UNION ALL SELECT s::text FROM nofx.steps s
                UNION ALL SELECT g::text FROM nofx.gates g
                UNION ALL SELECT e::text FROM nofx.events e
                UNION ALL SELECT q::text FROM nofx.queue q
            ) AS lines
            """
        )
    }
}
