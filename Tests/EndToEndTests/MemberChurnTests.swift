import Base
import Postgres
import System
import TestSupport
import Testing

/// Members who join, leave and change roles concurrently, as real processes.
struct MemberChurnTests {
    // Cases: teams 119
    @Test func `32 concurrent processes change three teams, and each team keeps exactly one owner`() throws {
        let database = try TestDatabase()
        let people = (0..<8).map { _ in TestDatabase.newSubject() }
        let teams = try (0..<3).map { try database.makeTeam(as: people[$0]) }
        for person in people { for team in teams { try? database.add(person, to: team, as: "admin") } }
        let callers = try Dictionary(uniqueKeysWithValues: people.map { ($0, try Caller($0, on: database)) })
        let stress = Stress(seconds: 4, untilDone: Action.allCases.map { "\($0)" })
        let outcomes = try runConcurrently(32) { number, barrier in
            var random = SeededGenerator(seed: UInt64(number))
            var connection = try database.connect()
            barrier()
            var outcomes: [Outcome] = []
            while !stress.isOver {
                let step = try Step(in: teams, of: people, on: &connection, using: &random)
                let outcome = try step.take(by: callers, on: &connection)
                if outcome.answer == "ok" { stress.note("\(outcome.action)") }
                outcomes.append(outcome)
            }
            return outcomes
        }.flatMap(\.self)

        let answers = Dictionary(grouping: outcomes.filter { $0.action != .add }, by: \.answer).mapValues(\.count)
        let expected: Set = [
            "ok", "403 forbidden", "403 owner_only", "403 role_too_high", "403 cannot_change_own_role",
            "404 team_not_found", "404 member_not_found", "409 owner_cannot_leave", "409 owner_cannot_be_removed",
            "409 owner_role_immutable", "409 already_owner", "422 use_leave_team",
        ]
        #expect(Set(answers.keys).isSubset(of: expected), "\(answers)")
        for action in Action.allCases where action != .add {
            let done = outcomes.count { $0.action == action && $0.answer == "ok" }
            let recorded: Int = try database.value(
                "SELECT count(*) FROM nofx.team_activity WHERE action = \(action.recorded)"
            )
            #expect(done > 0, "\(action)")
            #expect(recorded == done, "\(action)")
        }
        #expect(try owners(on: database) == "3 teams, 3 owners, 3 named")
        #expect(
            try database.value(
                """
                SELECT count(*) FROM nofx.teams t WHERE t.version = 1 + (
                    SELECT count(*) FROM nofx.team_activity a
                    WHERE a.team_id = t.id AND a.action = 'ownership.transferred'
                )
                """,
                as: Int.self
            ) == 3
        )
    }

    // Cases: teams 38
    @Test func `a member who leaves twice with the same key gets the same answer`() throws {
        let database = try TestDatabase()
        let (owner, member) = (TestDatabase.newSubject(), TestDatabase.newSubject())
        let team = try database.makeTeam(as: owner)
        try database.add(member, to: team, as: "member")
        let event = #"""
            {"headers":{"authorization":"Bearer \#(try TestFunction.token(for: member))"},"idempotencyKey":"leave-1",
             "body":{"teamId":"\#(team)"}}
            """#
        let answers = try (0..<3).map { _ in try database.function("leaveTeam").run(event) }
        #expect(answers.map(\.status) == [0, 0, 0])
        #expect(Set(answers.map(\.output)).count == 1)
        #expect(try answers[0].json()["userId"]?.string == member)
        let recorded: Int = try database.value("SELECT count(*) FROM nofx.team_activity WHERE action = 'member.left'")
        #expect(recorded == 1)
        let later = try database.function("leaveTeam", as: member).run(#"{"teamId":"\#(team)"}"#)
        try expectProblem(later, 404, "team_not_found", exit: 66)
    }

    /// The numbers of teams, of owners by membership, and of teams whose row names their owner.
    private func owners(on database: TestDatabase) throws -> String {
        try database.value(
            """
            SELECT count(DISTINCT t.id) || ' teams, ' || count(m.id) || ' owners, '
                || count(*) FILTER (WHERE m.user_id = t.owner_id) || ' named'
            FROM nofx.teams t LEFT JOIN nofx.team_members m ON m.team_id = t.id AND m.role = 'owner'
            """
        )
    }
}

/// The action of a process or of a SQL statement.
private enum Action: String, CaseIterable {
    case transfer = "transferOwnership"
    case leave = "leaveTeam"
    case change = "updateMemberRole"
    case remove = "removeMember"
    case add

    /// The name of the action in the audit trail.
    var recorded: String {
        switch self {
        case .transfer: "ownership.transferred"
        case .leave: "member.left"
        case .change: "member.role_updated"
        case .remove: "member.removed"
        case .add: "none"
        }
    }
}

private struct Outcome: Sendable {
    let action: Action
    let answer: String
}

/// A user's token in every function that the user calls.
private struct Caller: Sendable {
    let functions: [Action: TestFunction]

    init(_ person: String, on database: TestDatabase) throws {
        let environment = ["NOFX_WRITES_PER_MINUTE": "0"]
        functions = try Dictionary(
            uniqueKeysWithValues: Action.allCases.filter { $0 != .add }.map {
                ($0, try database.function($0.rawValue, as: person, environment: environment))
            }
        )
    }
}

/// One random action of a user.
///
/// The state that the action depends on may change before it is executed.
private struct Step {
    private let action: Action
    private let team: String
    private let caller: String
    private let member: String
    private let role: String

    init(
        in teams: [String],
        of people: [String],
        on connection: inout Connection,
        using random: inout SeededGenerator
    ) throws {
        let number = Int.random(in: 0..<teams.count, using: &random)
        team = teams[number]
        let rows = try connection.transact(
            [
                """
                SELECT t.owner_id::text AS owner, (SELECT m.id::text FROM nofx.team_members m WHERE m.team_id = t.id
                                                   ORDER BY random() LIMIT 1) AS member
                FROM nofx.teams t WHERE t.id = \(team)::text::uuid
                """
            ],
            deadline: .test
        )[0]
        let anybody = people[Int.random(in: 0..<people.count, using: &random)]
        // Half of the callers are owners, so that many actions succeed.
        caller = Bool.random(using: &random) ? try rows[0]["owner"] : anybody
        member = try rows[0]["member"]
        // More users join than leave. Otherwise the teams would soon be empty.
        action = (Action.allCases + [.add, .add]).randomElement(using: &random) ?? .add
        role = ["admin", "member", "viewer"].randomElement(using: &random) ?? "admin"
    }

    func take(by callers: [String: Caller], on connection: inout Connection) throws -> Outcome {
        switch action {
        case .add:
            _ = try connection.transact(
                [
                    """
                    INSERT INTO nofx.team_members (team_id, user_id, role)
                    VALUES (\(team)::text::uuid, \(caller)::text::uuid, \(role)) ON CONFLICT DO NOTHING
                    """
                ],
                deadline: .test
            )
            return Outcome(action: action, answer: "ok")
        case .leave:
            return try run(#"{"teamId":"\#(team)"}"#, by: callers)
        case .transfer, .remove:
            return try run(#"{"teamId":"\#(team)","memberId":"\#(member)"}"#, by: callers)
        case .change:
            return try run(#"{"teamId":"\#(team)","memberId":"\#(member)","role":"\#(role)"}"#, by: callers)
        }
    }

    private func run(_ input: String, by callers: [String: Caller]) throws -> Outcome {
        guard let function = callers[caller]?.functions[action] else {
            return Outcome(action: action, answer: "nobody")
        }
        let outcome = try function.run(input)
        let answer = try outcome.json()
        guard outcome.status != 0 else { return Outcome(action: action, answer: "ok") }
        return Outcome(action: action, answer: "\(answer["status"]?.integer ?? 0) \(answer["code"]?.string ?? "")")
    }
}
