import Base
import Postgres
import TestSupport

/// One call and its outcome.
struct HammerCall: CustomStringConvertible {
    let function: String
    let event: String
    let outcome: Subprocess.Outcome

    /// The status of the problem; 200 for a success, 0 if the output is not an answer.
    var status: Int {
        guard let answer = try? outcome.json() else { return 0 }
        return answer["code"] == nil ? 200 : answer["status"]?.integer ?? 0
    }

    var isSuccess: Bool { status == 200 }

    var description: String { "\(function) \(event): \(outcome)" }
}

/// Users who know each other's teams, and the environment of the functions.
struct Hammer: Sendable {
    let database: TestDatabase
    let tokens: [String: String]
    let subjects: [String: String]
    let environment: [String: String]

    init(_ database: TestDatabase, at url: String, users: Int, environment: [String: String]) throws {
        self.database = database
        self.environment = environment.merging(["DATABASE_URL": url]) { $1 }
        var (tokens, subjects): ([String: String], [String: String]) = ([:], [:])
        for number in 0..<users {
            let (subject, email) = (TestDatabase.newSubject(), "user\(number)@example.com")
            tokens[subject] = try TestFunction.token(for: subject, email: email)
            subjects[email] = subject
        }
        self.subjects = subjects
        self.tokens = tokens
    }

    func client(_ number: Int) -> HammerClient {
        HammerClient(hammer: self, random: SeededGenerator(seed: UInt64(number)))
    }
}

/// A client that makes random calls, many of which are valid.
struct HammerClient {
    static let functions = [
        "acceptInvite", "cancelInvite", "createApiKey", "createTeam", "deleteTeam", "inviteMember", "leaveTeam",
        "removeMember", "restoreTeam", "revokeApiKey", "transferOwnership", "updateMemberRole", "updateTeam",
    ]

    private let hammer: Hammer
    private var random: SeededGenerator
    private var invites: [(token: String, invitee: String)] = []
    private var keys: [(id: String, owner: String)] = []

    init(hammer: Hammer, random: SeededGenerator) {
        self.hammer = hammer
        self.random = random
    }

    mutating func callSomething() throws -> HammerCall {
        // Calls that remove something are rarer than calls that add something.
        let rare = ["deleteTeam", "leaveTeam", "removeMember"]
        var function = pick(Self.functions)
        if rare.contains(function), Bool.random(using: &random) { function = pick(["inviteMember", "acceptInvite"]) }
        let scene = try scene(for: function)
        let call = try call(function, try input(function, scene), as: scene.caller)
        remember(call, by: scene.caller)
        return call
    }

    // MARK: - What to call

    /// A team, one of its members, and ids in it.
    ///
    /// Another client may remove any of them before the call.
    private struct Scene {
        var caller: String
        var team = UUID.v7().description
        var member = UUID.v7().description
        var invite = UUID.v7().description
    }

    private mutating func scene(for function: String) throws -> Scene {
        let anybody = pick(hammer.tokens.keys.sorted())
        var scene = Scene(caller: anybody)
        let isDeleted = function == "restoreTeam"
        let rows = try hammer.database.rows(
            """
            SELECT t.id::text AS team, t.owner_id::text AS owner,
                   (SELECT user_id::text FROM nofx.team_members WHERE team_id = t.id ORDER BY random() LIMIT 1) AS one,
                   (SELECT id::text FROM nofx.team_members WHERE team_id = t.id ORDER BY role = 'owner', random() LIMIT 1)
                       AS member,
                   (SELECT id::text FROM nofx.team_invites WHERE team_id = t.id ORDER BY random() LIMIT 1) AS invite
            FROM nofx.teams t WHERE (t.deleted_at IS NOT NULL) = \(isDeleted) ORDER BY random() LIMIT 1
            """
        )
        guard let row = rows.first else { return scene }
        scene.team = try row["team"]
        scene.member = try row["member"] ?? scene.member
        scene.invite = try row["invite"] ?? scene.invite
        // The owner may do almost everything, a member some things, and a stranger nothing.
        let other: String = try row["one"] ?? anybody
        let owner: String = try row["owner"]
        scene.caller = pick([owner, owner, other, other, anybody])
        return scene
    }

    private mutating func input(_ function: String, _ scene: Scene) throws -> String {
        let team = #""teamId":"\#(scene.team)""#
        let member = #""memberId":"\#(scene.member)""#
        switch function {
        case "createTeam": return #"{"name":"Team \#(Int.random(in: 0..<20, using: &random))"}"#
        case "updateTeam": return #"{\#(team),"name":"New \#(Int.random(in: 0..<20, using: &random))"}"#
        case "updateMemberRole": return #"{\#(team),\#(member),"role":"\#(pick(["admin", "member", "viewer"]))"}"#
        case "removeMember", "transferOwnership": return "{\(team),\(member)}"
        case "inviteMember":
            let role = pick(["admin", "admin", "member", "viewer"])
            return #"{\#(team),"email":"\#(pick(hammer.subjects.keys.sorted()))","role":"\#(role)"}"#
        case "cancelInvite": return #"{\#(team),"inviteId":"\#(scene.invite)"}"#
        case "acceptInvite":
            return #"{"token":"\#(invites.last?.token ?? "nofxi_" + String(repeating: "A", count: 43))"}"#
        case "createApiKey": return #"{"name":"\#(UUID.v7())","scopes":["read","write"]}"#
        case "revokeApiKey": return #"{"keyId":"\#(keys.last?.id ?? "000000000000")"}"#
        default: return "{\(team)}"
        }
    }

    private mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[Int.random(in: choices.indices, using: &random)]
    }

    // MARK: - Calling

    private mutating func call(_ function: String, _ input: String, as caller: String) throws -> HammerCall {
        let caller = actualCaller(function, caller)
        // Every fourth call has an idempotency key, which sometimes equals another client's key.
        let isRepeatable = Int.random(in: 0..<4, using: &random) == 0
        let key = isRepeatable ? #""\#(Int.random(in: 0..<1_000, using: &random))""# : "null"
        let token = hammer.tokens[caller] ?? ""
        let event = #"{"headers":{"authorization":"Bearer \#(token)"},"idempotencyKey":\#(key),"body":\#(input)}"#
        let outcome = try TestFunction(function, database: nil, environment: hammer.environment).run(event)
        return HammerCall(function: function, event: input, outcome: outcome)
    }

    /// Only the invited user can accept an invite, and only the maker of a key can revoke it.
    private func actualCaller(_ function: String, _ caller: String) -> String {
        switch function {
        case "revokeApiKey": return keys.last?.owner ?? caller
        case "acceptInvite": return invites.last?.invitee ?? caller
        default: return caller
        }
    }

    private mutating func remember(_ call: HammerCall, by caller: String) {
        switch call.function {
        case "acceptInvite": _ = invites.popLast()
        case "revokeApiKey": _ = keys.popLast()
        case "createApiKey":
            if let id = try? call.outcome.json()["id"]?.string { keys.append((id, caller)) }
        case "inviteMember":
            guard let answer = try? call.outcome.json(), let token = answer["acceptToken"]?.string,
                let email = answer["email"]?.string, let invitee = hammer.subjects[email]
            else { return }
            invites.append((token, invitee))
        default: break
        }
    }
}
