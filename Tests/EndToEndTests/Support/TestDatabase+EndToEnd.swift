import Base
import Core
import Postgres
import TestSupport

extension TestDatabase {
    /// A migrated database to which no call may write.
    ///
    /// Tests of refusals share it and check that it stays empty.
    static func untouched() throws -> TestDatabase { try untouchedOnce.get() }

    private static let untouchedOnce = Result { try TestDatabase() }

    /// The number of rows in all tables that a call could write to.
    func rowCount() throws -> Int {
        try value(
            """
            SELECT (SELECT count(*) FROM nofx.users) + (SELECT count(*) FROM nofx.teams)
                 + (SELECT count(*) FROM nofx.team_members) + (SELECT count(*) FROM nofx.team_invites)
                 + (SELECT count(*) FROM nofx.team_activity) + (SELECT count(*) FROM nofx.security_events)
            """
        )
    }

    /// A function on this database, with the token of a fixed user.
    func function(
        _ name: String,
        as subject: String? = nil,
        environment: [String: String] = [:]
    ) throws -> TestFunction {
        TestFunction(
            name,
            database: url,
            token: try subject.map { try TestFunction.token(for: $0) },
            environment: environment
        )
    }

    /// Makes a team and returns its identifier.
    func makeTeam(_ name: String = "Acme", as subject: String) throws -> String {
        let outcome = try function("createTeam", as: subject).run(#"{"name":"\#(name)"}"#)
        guard let id = try outcome.json()["id"]?.string else { throw NotOneTeam(output: outcome.output) }
        return id
    }

    /// Makes a user a member of a team.
    func add(_ subject: String, to team: String, as role: String) throws {
        try rows(
            """
            INSERT INTO nofx.users (id, issuer, subject) VALUES (\(subject)::text::uuid, \(TestFunction.issuer), \(subject))
            ON CONFLICT DO NOTHING
            """
        )
        try rows(
            """
            INSERT INTO nofx.team_members (team_id, user_id, role)
            VALUES (\(team)::text::uuid, \(subject)::text::uuid, \(role))
            """
        )
    }

    /// A subject without a user in the database.
    static func newSubject() -> String { UUID.v7().description }

    struct NotOneTeam: Error {
        let output: String
    }
}
