import Base
import Core
import FunctionRuntime
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// A version is never older than the one before, however long its call waited for a lock.
@Suite struct VersionTimeTests {
    private let database: TestDatabase
    private let owner = Caller.stranger()
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
    }

    @Test func `an update that waited is later than the one that it waited for`() throws {
        let waiting = { database.start(UpdateTeam.self, team.changes(#""name":"Zenith""#), as: owner) }
        let updated = try afterWait(waiting).get()
        #expect(updated.version == 3)
        #expect(try updated.updatedAt > versionTwo())
    }

    @Test func `a transfer that waited is later, for the team and for both members`() throws {
        let heir = try database.member(of: team, as: .admin)
        let event = team.event(on: try database.membership(of: heir, in: team))
        let transferred = try afterWait { database.start(TransferOwnership.self, event, as: owner) }.get()
        let earlier = try versionTwo()
        #expect(transferred.updatedAt > earlier)
        #expect(try times("SELECT updated_at FROM nofx.team_members").allSatisfy { $0 > earlier })
    }

    @Test func `a deletion that waited is later, and so is the end of its invites`() throws {
        try database.invite("ada@example.com", to: team, by: owner)
        let deleted = try afterWait { database.start(DeleteTeam.self, team.reference, as: owner) }.get()
        let earlier = try versionTwo()
        #expect(deleted.deletedAt > earlier)
        #expect(deleted.purgeAfter == deleted.deletedAt + .seconds(30 * 86_400))
        #expect(try times("SELECT updated_at FROM nofx.teams")[0] > earlier)
        #expect(try times("SELECT decided_at FROM nofx.team_invites")[0] > earlier)
    }

    @Test func `a restored team and a changed member that waited are later`() throws {
        let member = try database.member(of: team, as: .member)
        let event = team.event(on: try database.membership(of: member, in: team), #""role":"viewer""#)
        let changed = try afterWait { database.start(UpdateMemberRole.self, event, as: owner) }.get()
        #expect(try changed.updatedAt > versionTwo())
        try database.call(DeleteTeam.self, team.reference, as: owner)
        let restored = try afterWait { database.start(RestoreTeam.self, team.reference, as: owner) }.get()
        #expect(try restored.updatedAt > versionTwo())
    }

    @Test func `a clock that was set back makes no version older`() throws {
        try database.rows("UPDATE nofx.teams SET updated_at = now() + interval '1 hour'")
        try database.rows("UPDATE nofx.team_members SET updated_at = now() + interval '1 hour'")
        let before = try times("SELECT updated_at FROM nofx.teams")[0]
        let updated = try database.call(UpdateTeam.self, team.changes(#""name":"Zenith""#), as: owner)
        #expect(updated.updatedAt >= before)
    }

    /// Makes a call wait for a transaction that writes version 2, and later than the call began.
    private func afterWait<Output>(_ call: () -> TestThread<Output>) throws -> Output {
        var connection = try database.connect()
        let thread = try connection.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.teams WHERE id = \(team.id) FOR UPDATE")
            let thread = call()
            try database.awaitWaiters()
            try transaction.run(
                """
                UPDATE nofx.teams SET version = version + 1, updated_at = clock_timestamp(), slug = 'v2-' || id
                WHERE id = \(team.id)
                """
            )
            try transaction.run("UPDATE nofx.team_members SET updated_at = clock_timestamp()")
            try transaction.run("CREATE TABLE IF NOT EXISTS public.versions (at timestamptz)")
            try transaction.run("INSERT INTO public.versions VALUES (clock_timestamp())")
            return thread
        }
        return thread.join()
    }

    /// When the last version of ``afterWait(_:)`` was written.
    private func versionTwo() throws -> Timestamp {
        try database.value("SELECT max(at) FROM public.versions")
    }

    private func times(_ query: Query) throws -> [Timestamp] {
        let rows = try database.rows(query)
        return try (0..<rows.count).map { try rows[$0][0] }
    }
}
