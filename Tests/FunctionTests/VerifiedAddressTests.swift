import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// The address that a user's newest token has verified is the user's address everywhere.
@Suite struct VerifiedAddressTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
    }

    private func address(of caller: Caller) throws -> String? {
        try database.value("SELECT email FROM nofx.users WHERE id = \(caller.user)")
    }

    @discardableResult
    private func look(_ caller: Caller, log: Log = .silent) throws -> Page<Membership> {
        try database.call(ListTeams.self, "{}", as: caller, log: log)
    }

    private func actions() throws -> [String] {
        try database.activity(of: team.id).map(\.action).filter { $0.hasPrefix("member.") || $0.hasPrefix("team.up") }
    }

    private func invite(_ email: String, as role: String = "admin") -> String? {
        database.refusal(of: InviteMember.self, team.invitation(email, #""role":"\#(role)""#), as: owner)
    }

    private func remove(_ caller: Caller) throws -> Member.Departure {
        try database.call(RemoveMember.self, team.event(on: try database.membership(of: caller, in: team)), as: owner)
    }

    @Test(arguments: [true, false])
    func `a new verified address replaces the old one, in the log and in the activity`(_ isReading: Bool) throws {
        let member = try database.accepted("old@example.com", to: team, by: owner)
        let (renamed, lines) = (member.with(email: "New@Example.com"), LogLines())
        if isReading {
            try look(renamed, log: lines.log)
        } else {
            let changes = team.changes(#""name":"Zenith""#)
            try database.call(UpdateTeam.self, changes, as: renamed, log: lines.log)
        }
        #expect(try address(of: member) == "New@Example.com")
        #expect(lines.containing("user.email_changed").count == 1)
        #expect(lines.containing("example.com").isEmpty)
        #expect(try actions().filter { $0.hasPrefix("member.") } == ["member.email_changed"])
        let entry = try #require(try database.activity(of: team.id).first { $0.action == "member.email_changed" })
        #expect(entry.actor == member.user)
        #expect(entry.metadata == #"{"userId": "\#(member.user)"}"#)
        // The address is free for the person who has it now, and the new one is a member's.
        #expect(invite("new@example.com") == "409 already_member")
        #expect(invite("old@example.com") == nil)
        // The same address in another form is no other address, and a token without one takes none away.
        try look(member.with(email: "new@example.com"))
        try look(member.with(email: nil))
        #expect(try address(of: member) == "new@example.com")
        #expect(try actions().filter { $0.hasPrefix("member.") } == ["member.email_changed"])
    }

    @Test func `the first verified address of a member who had none counts at once`() throws {
        let member = try database.member(of: team, as: .member)
        try look(member)
        #expect(try address(of: member) == nil)
        try look(member.with(email: "late@example.com"))
        #expect(try address(of: member) == "late@example.com")
        #expect(invite("late@example.com") == "409 already_member")
    }

    @Test func `an address is taken from the user who had it before, and the activity records it`() throws {
        let stale = try database.accepted("a@example.com", to: team, by: owner)
        let (fresh, lines) = (Caller.stranger(email: "A@example.com"), LogLines())
        try look(fresh, log: lines.log)
        #expect(try address(of: stale) == nil)
        #expect(try address(of: fresh) == "A@example.com")
        let removed = lines.containing("user.email_removed")
        #expect(removed.count == 1)
        #expect(removed.first?.contains(stale.user.description) == true)
        #expect(removed.first?.contains(fresh.user.description) == true)
        #expect(try actions() == ["member.email_removed"])
        #expect(try database.activity(of: team.id).last?.actor == nil)
        #expect(invite("a@example.com") == nil)
    }

    @Test func `two users swap addresses, one after the other and at once`() throws {
        let one = try database.accepted("one@example.com", to: team, by: owner)
        let two = try database.accepted("two@example.com", to: team, by: owner)
        try look(one.with(email: "two@example.com"))
        try look(two.with(email: "one@example.com"))
        #expect(try address(of: one) == "two@example.com")
        #expect(try address(of: two) == "one@example.com")
        for round in 0..<10 {
            let isBack = round.isMultiple(of: 2)
            let swapped = [
                (caller: one.with(email: isBack ? "one@example.com" : "two@example.com"), input: "{}"),
                (caller: two.with(email: isBack ? "two@example.com" : "one@example.com"), input: "{}"),
            ]
            #expect(database.race(ListTeams.self, swapped).tally() == ["ok": 2])
            #expect(try address(of: one) == swapped[0].caller.email?.text)
            #expect(try address(of: two) == swapped[1].caller.email?.text)
        }
    }

    @Test func `the newest token decides, and an older one that is still valid changes nothing`() throws {
        let now = Timestamp.now()
        func token(_ caller: Caller, _ email: String, _ seconds: Int) -> Caller {
            Caller(
                user: caller.user,
                issuer: caller.issuer,
                subject: caller.subject,
                email: EmailAddress(email),
                issuedAt: now + .seconds(seconds)
            )
        }
        let (ada, bob) = (Caller.stranger(), Caller.stranger())
        try look(token(ada, "old@example.com", 0))
        try look(token(ada, "new@example.com", 10))
        try look(token(ada, "old@example.com", 0))
        #expect(try address(of: ada) == "new@example.com")
        // Another user's token that is older does not take the address, and does not accept with it.
        let lines = LogLines()
        let invite = try database.invitation("new@example.com", to: team, by: owner)
        try look(token(bob, "new@example.com", 5), log: lines.log)
        #expect(lines.containing("user.email_taken").count == 1)
        #expect(try address(of: bob) == nil)
        let older = token(bob, "new@example.com", 5)
        #expect(database.refusal(of: AcceptInvite.self, invite.acceptance, as: older) == "403 invite_email_mismatch")
        try look(token(bob, "new@example.com", 10))
        #expect(try address(of: bob) == "new@example.com")
        #expect(try address(of: ada) == nil)
    }

    @Test func `billing follows the owner's address, and stays where the owner named another one`() throws {
        let other = try database.call(
            CreateTeam.self,
            #"{"name":"Other","billingEmail":"bills@example.com"}"#,
            as: owner
        )
        try look(owner.with(email: "moved@example.com"))
        let seen = try database.call(GetTeam.self, team.reference, as: owner.with(email: nil))
        #expect(seen.billingEmail == "moved@example.com")
        #expect(seen.version == 2)
        #expect(
            try database.call(GetTeam.self, other.reference, as: owner.with(email: nil)).billingEmail
                == "bills@example.com"
        )
    }

    @Test func `removeMember cancels the pending invites to all known addresses of the member, and no others`() throws {
        let member = try database.accepted("first@example.com", to: team, by: owner)
        try look(member.with(email: "second@example.com"))
        try look(member.with(email: "third@example.com"))
        // The first address is another user's now.
        try look(.stranger(email: "first@example.com"))
        for email in ["first@example.com", "Second@example.com", "else@example.com"] { #expect(invite(email) == nil) }
        try database.rows(
            """
            INSERT INTO nofx.team_invites (team_id, email, email_normalized, role, invited_by)
            VALUES (\(team.id), 'third@example.com', 'third@example.com', 'admin', \(owner.user))
            """
        )
        #expect(try remove(member).invitesCancelled == 2)
        #expect(
            try database.invites(of: team).dropFirst() == [
                "first@example.com pending", "Second@example.com cancelled", "else@example.com pending",
                "third@example.com cancelled",
            ]
        )
    }

    @Test func `an invite that is older than the removal of its recipient is not accepted`() throws {
        // The member's address is not known when the invite is sent, and not when the member is removed.
        let member = try database.member(of: team, as: .viewer)
        try look(member)
        let verified = member.with(email: "late@example.com")
        let invite = try database.invitation("late@example.com", to: team, by: owner, as: .admin)
        #expect(try remove(member).invitesCancelled == 0)
        #expect(database.refusal(of: AcceptInvite.self, invite.acceptance, as: verified) == "409 invite_cancelled")
        #expect(try database.invites(of: team) == ["late@example.com cancelled"])
        #expect(try database.role(of: member, in: team) == nil)
        // A new invite is valid, also for a second time.
        for _ in 0..<2 {
            let again = try database.invitation("late@example.com", to: team, by: owner, as: .viewer)
            #expect(database.refusal(of: AcceptInvite.self, again.acceptance, as: verified) == nil)
            #expect(try database.role(of: member, in: team) == .viewer)
            _ = try remove(verified)
        }
    }

    @Test func `concurrent first calls with one address all succeed, and one user has the address`() throws {
        let callers = (0..<16).map { _ in (caller: Caller.stranger(email: "ada@example.com"), input: "{}") }
        #expect(database.race(ListTeams.self, callers).tally() == ["ok": 16])
        #expect(try database.value("SELECT count(*) FROM nofx.users WHERE email = 'ada@example.com'") == 1)
        #expect(try database.value("SELECT count(*) FROM nofx.users", as: Int.self) == 17)
    }
}
