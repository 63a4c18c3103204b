import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// Constraints that the database enforces for all code, even for a superuser.
@Suite struct TeamInvariantTests {
    // Cases: teams 5
    @Test func `a team without an owner cannot be stored`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        _ = try database.team(of: owner)
        let error = #expect(throws: PostgresError.self) {
            try database.rows(
                "INSERT INTO nofx.teams (id, name, slug, owner_id) VALUES (gen_random_uuid(), 'Raw', 'raw', \(owner.user))"
            )
        }
        #expect(error?.state == .foreignKeyViolation)
        #expect(error?.constraint == "teams_owner_fk")
        #expect(try database.countOfTeams() == 1)
    }

    // Cases: teams 110, 111
    @Test func `an owner cannot be deleted, demoted or moved while the team exists`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let other = try database.team(of: .stranger())
        let queries: [Query] = [
            "DELETE FROM nofx.team_members WHERE team_id = \(team.id) AND role = 'owner'",
            "DELETE FROM nofx.users WHERE id = \(owner.user)",
            "UPDATE nofx.team_members SET role = 'admin' WHERE team_id = \(team.id) AND role = 'owner'",
            "UPDATE nofx.team_members SET user_id = \(other.owner) WHERE team_id = \(team.id) AND role = 'owner'",
            "UPDATE nofx.teams SET owner_id = \(other.owner) WHERE id = \(team.id)",
        ]
        for query in queries {
            let error = #expect(throws: PostgresError.self) { try database.rows(query) }
            #expect(error?.state == .foreignKeyViolation)
            #expect(error?.constraint == "teams_owner_fk")
        }
        #expect(try database.owners(of: team) == [owner.user])
    }

    @Test func `a team cannot have a second owner`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let error = #expect(throws: PostgresError.self) { try database.add(.stranger(), to: team, as: .owner) }
        #expect(error?.state == .uniqueViolation)
        #expect(error?.constraint == "team_members_one_owner")
        #expect(try database.owners(of: team) == [owner.user])
    }

    @Test func `a second membership of a user is rejected`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let member = try database.member(of: team, as: .viewer)
        let error = #expect(throws: PostgresError.self) { try database.add(member, to: team, as: .admin) }
        #expect(error?.state == .uniqueViolation)
    }

    @Test func `an owner can be replaced within one transaction`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let heir = try database.member(of: team, as: .viewer, permissions: [])
        try database.transfer(team, to: heir)
        #expect(try database.owners(of: team) == [heir.user])
    }

    @Test func `of concurrent new owners one succeeds`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let heirs = try (0..<8).map { _ in try database.member(of: team, as: .admin) }
        let barrier = ThreadBarrier(for: heirs.count)
        let threads = heirs.map { heir in
            TestThread { () -> Bool in
                barrier.wait()
                return (try? database.transfer(team, to: heir)) != nil
            }
        }
        #expect(threads.map { $0.join() }.contains(true))
        let owners = try database.owners(of: team)
        #expect(owners.count == 1)
        #expect(try database.value("SELECT owner_id FROM nofx.teams WHERE id = \(team.id)") == owners.first?.uuid)
    }

    // Cases: teams 3
    @Test func `if the membership cannot be stored the team is not stored either`() throws {
        let database = try TestDatabase()
        try database.breakMemberships(with: "RAISE EXCEPTION 'no'")
        #expect(database.refusal(of: CreateTeam.self, #"{"name":"Acme"}"#, as: .stranger()) == "500 internal")
        #expect(try database.countOfTeams() == 0)
    }

    // Cases: teams 4
    @Test func `a session that ends between the team and its membership leaves nothing`() throws {
        let database = try TestDatabase()
        try database.breakMemberships(with: "PERFORM pg_sleep(3600)")
        let call = database.start(CreateTeam.self, #"{"name":"Acme"}"#, as: .stranger())
        try database.terminateSleeper()
        // The caller cannot know whether the session was lost before or during COMMIT.
        let outcome = [call.join()].tally()
        #expect(outcome == ["503 unavailable": 1] || outcome == ["503 outcome_unknown": 1])
        #expect(try database.countOfTeams() == 0)
    }

    @Test func `a purged team takes its members and invites along, but not its audit trail`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.invite("a@example.com", to: team, by: owner)
        try database.rows("DELETE FROM nofx.teams WHERE id = \(team.id)")
        #expect(try database.value("SELECT count(*) FROM nofx.team_members") == 0)
        #expect(try database.value("SELECT count(*) FROM nofx.team_invites") == 0)
        try database.rows("DELETE FROM nofx.users WHERE id = \(owner.user)")
        let activity = try database.activity(of: team.id)
        #expect(activity.map(\.action) == ["team.created"])
        #expect(activity.first?.teamName == "Acme")
        #expect(activity.first?.actor == owner.user)
    }

    // Cases: teams 124
    @Test func `functions may neither delete nor alter audit records`() throws {
        let database = try TestDatabase()
        _ = try database.team(of: .stranger())
        let queries: [Query] = [
            "DELETE FROM nofx.teams", "DELETE FROM nofx.users", "DELETE FROM nofx.team_invites",
            "TRUNCATE nofx.team_members", "DROP TABLE nofx.teams CASCADE", "CREATE TABLE nofx.more (n int)",
            "ALTER TABLE nofx.teams DROP CONSTRAINT teams_owner_fk", "UPDATE nofx.migrations SET min_compatible = 7",
            "UPDATE nofx.team_activity SET action = 'x'", "DELETE FROM nofx.team_activity",
            "TRUNCATE nofx.team_activity",
            "DELETE FROM nofx.security_events", "SET session_replication_role = replica",
        ]
        var connection = try Connection(ConnectionString(database.url), deadline: .test, log: .silent)
        for query in queries {
            let error = #expect(throws: PostgresError.self) { try connection.transact([query], deadline: .test) }
            #expect(error?.state == .insufficientPrivilege)
        }
    }

    // Cases: teams 124
    @Test(arguments: [
        "UPDATE nofx.team_activity SET action = 'x'" as Query, "DELETE FROM nofx.team_activity",
        "TRUNCATE nofx.team_activity", "UPDATE nofx.team_activity SET id = DEFAULT WHERE false",
    ])
    func `an accidental statement of a superuser cannot rewrite the audit trail`(_ query: Query) throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let error = #expect(throws: PostgresError.self) { try database.rows(query) }
        #expect(error?.state == .insufficientPrivilege)
        #expect(try database.activity(of: team.id).map(\.action) == ["team.created"])
    }
}

extension TestDatabase {
    fileprivate func owners(of team: Team) throws -> [ID<User>] {
        try value("SELECT array_agg(user_id) FROM nofx.team_members WHERE team_id = \(team.id) AND role = 'owner'")
    }

    /// Makes each insertion of a membership run a statement first.
    fileprivate func breakMemberships(with statement: String) throws {
        var connection = try connect()
        try connection.transaction(deadline: .test) { transaction in
            try transaction.runScript(
                """
                CREATE FUNCTION nofx.break() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN \(statement); RETURN new; END $$;
                CREATE TRIGGER break BEFORE INSERT ON nofx.team_members
                    FOR EACH ROW EXECUTE FUNCTION nofx.break();
                """
            )
        }
    }
}
