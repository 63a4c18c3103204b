import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// Operators: users whose token has the operator claim, and such users' keys.
@Suite struct OperatorKeyTests {
    private static let reset = #"{"name":"openai"}"#

    @Test func `an operator creates an operator key, which is listed as such`() throws {
        let database = try TestDatabase()
        let operating = Caller.stranger(isOperator: true)
        let made = try database.call(CreateAPIKey.self, draft("Ops", scopes: [.operations]), as: operating)
        #expect(made.scopes == [.operations])
        #expect(try database.call(ListAPIKeys.self, "{}", as: operating).items.map(\.scopes) == [[.operations]])
        let holder = try database.caller(with: made.key.reveal())
        #expect(holder.mayOperate)
        #expect(database.refusal(of: ResetBreaker.self, Self.reset, as: holder) == nil)
    }

    @Test func `other users cannot create an operator key`() throws {
        let database = try TestDatabase()
        let denial = #expect(throws: Denial.self) {
            try database.call(CreateAPIKey.self, draft("Ops", scopes: [.read, .operations]), as: .stranger())
        }
        #expect(denial?.problem.status == 403)
        #expect(denial?.problem.code == "insufficient_scope")
        #expect(denial?.problem.members == ["requiredPermission": "admin:ops"])
        #expect(denial?.team == nil)
        let operating = Caller.stranger(isOperator: true)
        for scopes in [[.operations], [.operations] + [Scope].ofMembers] as [[Scope]] {
            let holder = try database.keyHolder(for: operating, scopes)
            let refusal = database.refusal(of: CreateAPIKey.self, draft("More", scopes: [.operations]), as: holder)
            #expect(refusal?.hasPrefix("403 ") == true)
        }
        #expect(try database.value("SELECT count(*) FROM nofx.api_keys") == 2)
    }

    @Test func `a key for one team is never an operator key`() throws {
        let database = try TestDatabase()
        let operating = Caller.stranger(isOperator: true)
        let team = try database.team(of: operating)
        let problem = #expect(throws: Problem.self) {
            try database.call(CreateAPIKey.self, draft("Ops", scopes: [.operations], team: team), as: operating)
        }
        #expect(problem?.violations.map(\.field) == ["scopes"])
        let error = #expect(throws: PostgresError.self) {
            try database.rows(
                """
                INSERT INTO nofx.api_keys (id, user_id, team_id, name, secret_hash, scopes)
                VALUES ('mine00000000', \(operating.user), \(team.id), 'x', sha256('x'), '{admin:ops}')
                """
            )
        }
        #expect(error?.state == .checkViolation)
        // Not even if the team's key had the scope.
        let bound = Caller(
            user: operating.user,
            issuer: operating.issuer,
            subject: operating.subject,
            email: nil,
            isOperator: true,
            scopes: [.operations],
            team: team.id.uuid
        )
        #expect(!bound.mayOperate)
        #expect(database.refusal(of: ResetBreaker.self, Self.reset, as: bound) == "403 insufficient_scope")
    }

    @Test func `an operator's key without the operator scope is not an operator key`() throws {
        let database = try TestDatabase()
        let operating = Caller.stranger(isOperator: true)
        let holder = try database.keyHolder(for: operating, .ofMembers)
        #expect(!holder.mayOperate)
        let denial = #expect(throws: Denial.self) { try database.call(ResetBreaker.self, Self.reset, as: holder) }
        #expect(denial?.problem.code == "insufficient_scope")
        #expect(denial?.problem.members == ["requiredPermission": "admin:ops"])
    }

    @Test func `the operator scope grants no permissions in a team`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let operating = Caller.stranger(isOperator: true)
        let holder = try database.keyHolder(for: operating, [.operations])
        for caller in [operating, holder] {
            #expect(
                database.refusal(of: ListAPIKeys.self, "{}", as: caller)
                    == (caller.scopes == nil ? nil : "403 insufficient_scope")
            )
            #expect(database.refusal(of: SetAIBudget.self, team.reference, as: caller) == nil)
        }
        #expect(try database.role(of: operating, in: team) == nil)
    }

    @Test func `no role or override makes a user an operator`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let manager = try database.member(of: team, as: .viewer, permissions: Permission.allCases)
        for caller in [owner, manager] {
            #expect(database.refusal(of: ResetBreaker.self, Self.reset, as: caller) == "403 forbidden")
        }
        let error = #expect(throws: PostgresError.self) {
            try database.rows("UPDATE nofx.team_members SET permissions = '{admin:ops}' WHERE role = 'viewer'")
        }
        #expect(error?.state == .checkViolation)
    }

    @Test func `a refused operator call names the missing scope and is recorded without a team`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let caller = Caller.stranger()
        var context = try database.context(for: caller)
        for call in [
            { (context: inout Context) in _ = try ResetBreaker.call(#"{"all":true}"#, in: &context) },
            { (context: inout Context) in _ = try SetAIBudget.call(team.reference, in: &context) },
        ] {
            let denial = #expect(throws: Denial.self) { try call(&context) }
            #expect(denial?.problem.status == 403)
            #expect(denial?.problem.code == "forbidden")
            #expect(denial?.problem.members == ["requiredPermission": "admin:ops"])
            if let denial { context.record(denial) }
        }
        let events: [String] = try database.value(
            """
            SELECT array_agg(concat_ws(' ', user_id, team_id, action, reason, hits) ORDER BY action)
            FROM nofx.security_events
            """
        )
        #expect(
            events == [
                "\(caller.user)  ai_budget.set missing_permission 1",
                "\(caller.user)  breaker.reset missing_permission 1",
            ]
        )
    }
}
