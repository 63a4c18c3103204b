import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams

/// Calls every function that the functions' role may execute with the ids of other users and teams.
@Suite struct ForeignCallTests {
    /// The effect of a call: an error, or a success that changes no foreign row.
    private enum Effect: Equatable {
        case refused
        case harmless
    }

    /// A call of each function, with ids of another user's world.
    private static func calls(of other: World, by caller: Caller) -> [String: (effect: Effect, call: Query)] {
        let (team, run, user) = (other.team.id, other.run, other.owner.user)
        return [
            "accept_invite": (
                .harmless, "SELECT nofx.accept_invite(sha256(\("x")::bytea), \("invited-by-bob@example.com"), 100)"
            ),
            "begin_ai_attempt": (
                .refused,
                """
                SELECT nofx.begin_ai_attempt(gen_random_uuid(), 1, \(team), 'openai', 'm', 1, 1, 1, '1 minute', NULL,
                                             NULL, NULL)
                """
            ),
            "begin_once": (.harmless, "SELECT nofx.begin_once('updateTeam', 'k', '{}', \(team))"),
            "can_manage": (.harmless, "SELECT nofx.can_manage('owner', NULL)"),
            "cancel_run": (.harmless, "SELECT nofx.cancel_run(\(team), \(run), '{}')"),
            "check_version": (.harmless, "SELECT nofx.check_version(\(SchemaVersion.required))"),
            // Every caller may report how a provider answered; nothing of a report names a team.
            "circuits_acquire": (.harmless, "SELECT nofx.circuits_acquire('{none}', '{}')"),
            "circuits_record": (
                .harmless, "SELECT nofx.circuits_record('[]', false, gen_random_uuid(), '{}', NULL)"
            ),
            "circuit_set": (.refused, "SELECT nofx.circuit_set('openai', 'force_open')"),
            "circuit_wait": (.harmless, "SELECT nofx.circuit_wait(now(), now())"),
            "covers": (.harmless, "SELECT nofx.covers('owner', NULL, 'admin', NULL)"),
            "decide_gate": (
                .harmless, "SELECT nofx.decide_gate(\(team), \(run), 'approve', 'approved', NULL, '{}')"
            ),
            "enter": (
                .refused,
                """
                SELECT nofx.enter(\(SchemaVersion.required), \(user), \(caller.issuer), \(caller.subject), NULL, NULL,
                                  true)
                """
            ),
            "find_api_key": (.harmless, "SELECT nofx.find_api_key(\(other.key), sha256('x'), NULL)"),
            "fingerprint": (.harmless, "SELECT nofx.fingerprint('{}')"),
            "is_email_of": (.harmless, "SELECT nofx.is_email_of(\(user), 'bob@example.com')"),
            "is_invite_of_others": (.harmless, "SELECT nofx.is_invite_of_others(\(other.invite))"),
            "is_tool_allowed": (.harmless, "SELECT nofx.is_tool_allowed('codegen', NULL, NULL, NULL)"),
            "is_slug_free": (.harmless, "SELECT nofx.is_slug_free('bob')"),
            "list_dead_letters": (
                .refused, "SELECT nofx.list_dead_letters(NULL, NULL, NULL, \(team), 10, NULL, NULL)"
            ),
            "free_place": (.harmless, "SELECT nofx.free_place(1)"),
            "log_activity": (
                .refused, "SELECT nofx.log_activity(\(team), 'bob', \(user), 'forged', NULL, NULL, NULL, NULL)"
            ),
            "log_denial": (.harmless, "SELECT nofx.log_denial(\(team), 'team.update', 'tests', NULL, NULL, NULL)"),
            "may_act_on": (.harmless, "SELECT nofx.may_act_on('owner', NULL, 'admin', NULL)"),
            "may_grant": (.harmless, "SELECT nofx.may_grant('owner', NULL, 'admin', NULL)"),
            "may_operate": (.harmless, "SELECT nofx.may_operate()"),
            "me": (.harmless, "SELECT nofx.me()"),
            "my_purged_team_ids": (.harmless, "SELECT nofx.my_purged_team_ids()"),
            "my_team_ids": (.harmless, "SELECT nofx.my_team_ids()"),
            "my_teammate_ids": (.harmless, "SELECT nofx.my_teammate_ids()"),
            "permissions": (.harmless, "SELECT nofx.permissions('owner', NULL)"),
            "queue_counts": (.refused, "SELECT nofx.queue_counts(NULL)"),
            "record_ai_attempt": (
                .refused,
                """
                SELECT nofx.record_ai_attempt(\(team), 9, \(team), 'openai', 'm', 'm', 'ok', 200, NULL,
                                              '{1,1,0,0,0,0}', 1, NULL, '1 s', NULL)
                """
            ),
            "release_ai_budget": (.refused, "SELECT nofx.release_ai_budget(\(run))"),
            "redrive_jobs": (.refused, "SELECT nofx.redrive_jobs(NULL, NULL, 10, NULL)"),
            "rerun": (.harmless, "SELECT nofx.rerun(\(team), \(run), gen_random_uuid(), 100, 100000, '{}')"),
            "retry_step": (.harmless, "SELECT nofx.retry_step(\(team), \(run), 'build', '{}')"),
            "role_rank": (.harmless, "SELECT nofx.role_rank('owner')"),
            "set_ai_budget": (.refused, "SELECT nofx.set_ai_budget(\(team), true, 5, true, 5, false, NULL, '{}')"),
            "set_ai_limits": (.refused, "SELECT nofx.set_ai_limits(\(team), '{*}', '{1}', '{1}', '{}')"),
            "set_tool_policy": (.refused, "SELECT nofx.set_tool_policy(\(team), true, '{}', true, '{mine}', '{}')"),
            "slugify": (.harmless, "SELECT nofx.slugify('bob')"),
            "start_refusals": (
                .harmless, "SELECT nofx.start_refusals(\(team), '{bash}', '{mine}', 0, 0)"
            ),
            "start_run": (
                .harmless,
                """
                SELECT nofx.start_run(\(team), gen_random_uuid(), 'Mine', NULL, NULL, 100, 100000,
                                      '{"name":["a"],"tool":["test:echo"]}', '{}')
                """
            ),
            "step_job_id": (.harmless, "SELECT nofx.step_job_id(\(run), 0)"),
            "take_place": (.harmless, "SELECT nofx.take_place(1, 1)"),
            "take_rate": (.refused, "SELECT nofx.take_rate(\("\(user) writes"), 1000000, 1)"),
            "watch_texts": (.harmless, "SELECT nofx.watch_texts(\(team), \(run))"),
            "transfer_ownership": (.harmless, "SELECT nofx.transfer_ownership(\(team), \(user), 100, '{}')"),
        ]
    }

    @Test func `no function open to the role acts for another user or team, with and without enter`() throws {
        let database = try TestDatabase()
        let (ada, bob) = (try database.world("ada"), try database.world("bob"))
        let calls = Self.calls(of: bob, by: ada.owner)
        let granted: [String] = try database.value(
            """
            SELECT array_agg(p.proname::text) FROM pg_proc p
            WHERE p.pronamespace = 'nofx'::regnamespace AND has_function_privilege('nofx_test_app', p.oid, 'EXECUTE')
            """
        )
        // A new function that this role may execute needs a call above.
        #expect(Set(granted) == Set(calls.keys))

        let before = try database.rows(exceptOf: ada.owner)
        for (name, (effect, call)) in calls {
            let everything = try database.everything()
            #expect(try database.effect(of: call, for: nil) != .changed, "\(name) without a caller")
            // A denial without a caller is counted. It names neither a user nor a team.
            try database.rows("DELETE FROM nofx.security_events WHERE user_id = '' AND team_id = ''")
            #expect(try database.everything() == everything, "\(name) without a caller")
            let outcome = try database.effect(of: call, for: ada.owner)
            #expect(outcome == (effect == .refused ? .refused : .ran), "\(name)")
            #expect(try database.rows(exceptOf: ada.owner) == before, "\(name)")
        }
    }

    @Test func `functions that name the caller reject foreign teams`() throws {
        let database = try TestDatabase()
        let (ada, bob) = (try database.world("ada"), try database.world("bob"))
        let before = try database.everything()
        let attempts: [Query] = [
            "SELECT nofx.log_activity(\(bob.team.id), 'bob', \(ada.owner.user), 'forged', NULL, NULL, NULL, NULL)",
            "SELECT nofx.log_activity(\(ada.team.id), 'ada', \(bob.owner.user), 'forged', NULL, NULL, NULL, NULL)",
            "SELECT nofx.log_activity(\(bob.purged), 'bob', \(ada.owner.user), 'forged', NULL, NULL, NULL, NULL)",
            "SELECT nofx.take_rate(\("invites \(bob.team.id)"), 1000000, 1)",
            """
            INSERT INTO nofx.api_keys (id, user_id, name, secret_hash, scopes)
            VALUES ('abcdefabcdef', \(ada.owner.user), 'ops', sha256('x'), '{admin:ops}')
            """,
            """
            INSERT INTO nofx.operator_actions (user_id, action, subject)
            VALUES (\(ada.owner.user), 'breaker.reset', 'openai')
            """,
        ]
        for attempt in attempts {
            #expect(try database.effect(of: attempt, for: ada.owner) == .refused, "\(attempt)")
        }
        #expect(try database.everything() == before)
    }

    @Test func `operator functions check that the caller is an operator`() throws {
        let database = try TestDatabase()
        let ada = try database.world("ada")
        let operating = Caller.stranger(isOperator: true)
        let entry: Query = """
            SELECT nofx.enter(\(SchemaVersion.required), \(operating.user), \(operating.issuer), \(operating.subject),
                              NULL, NULL, true)
            """
        let calls: [Query] = [
            "SELECT nofx.circuit_set('openai', 'reset')", "SELECT nofx.redrive_jobs(NULL, NULL, 10, NULL)",
            "SELECT nofx.set_ai_budget(\(ada.team.id), true, 5, true, 5, false, NULL, '{}')",
            "SELECT nofx.set_ai_limits(\(ada.team.id), '{*}', '{1}', '{1}', '{}')",
            "SELECT nofx.set_tool_policy(\(ada.team.id), true, '{}', true, '{mine}', '{}')",
            "SELECT nofx.queue_counts(NULL)", "SELECT nofx.list_dead_letters(NULL, NULL, NULL, NULL, 10, NULL, NULL)",
        ]
        for call in calls {
            #expect(throws: Never.self, "\(call)") { try database.asFunction(for: nil, entry, call) }
            // `enter` proves that the caller is an operator. The setting alone proves nothing.
            let claim: Query = "SELECT set_config('nofx.operates', 'true', true)"
            let error = #expect(throws: PostgresError.self, "\(call)") {
                try database.asFunction(for: nil, claim, call)
            }
            #expect(error?.state == .insufficientPrivilege, "\(call)")
        }
    }
}

extension TestDatabase {
    fileprivate enum Outcome {
        case refused
        case ran
        case changed
    }

    /// Whether the functions' role may not execute a statement.
    fileprivate func effect(of call: Query, for caller: Caller?) throws -> Outcome {
        do {
            try asFunction(for: caller, call)
            return .ran
        } catch let error as PostgresError {
            // Without a caller, a row that must name one cannot be written.
            let states = ["42501", "NX004"] + (caller == nil ? ["23502"] : [])
            guard let state = error.state?.rawValue, states.contains(state) else { throw error }
            return .refused
        }
    }

    /// Every row that names no user, as text.
    fileprivate func rows(exceptOf caller: Caller) throws -> [String] {
        try tables.map { table in
            try value(
                """
                SELECT query_to_xml(format($$SELECT to_jsonb(t) FROM nofx.%I t
                                             WHERE to_jsonb(t)::text NOT LIKE %L ORDER BY 1$$, \(table),
                                           '%' || \(caller.user.description) || '%'), true, true, '')::text
                """
            )
        }
    }
}
