import Base
import Core
import Postgres
import TestSupport

@testable import Teams

extension TestDatabase {
    /// What somebody's membership of a team is called.
    func membership(of caller: Caller, in team: Team) throws -> ID<Member> {
        try value("SELECT id FROM nofx.team_members WHERE team_id = \(team.id) AND user_id = \(caller.user)")
    }

    /// The members of a team, as they are stored, in words.
    func roll(of team: Team) throws -> [String] {
        try value(
            """
            SELECT array_agg(to_jsonb(m)::text ORDER BY m.id) FROM nofx.team_members m WHERE m.team_id = \(team.id)
            """
        )
    }

    /// Somebody's role in a team; nil for who is no member.
    func role(of caller: Caller, in team: Team) throws -> Role? {
        try value(
            "SELECT (SELECT role FROM nofx.team_members WHERE team_id = \(team.id) AND user_id = \(caller.user))"
        )
    }

    /// How many owners a team has by its members, and whether its own row names one of them.
    func ownership(of team: Team) throws -> String {
        try value(
            """
            SELECT count(*) || ' owner, ' || CASE WHEN bool_and(m.user_id = t.owner_id) THEN 'named' ELSE 'not named' END
            FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id AND m.role = 'owner' WHERE t.id = \(team.id)
            """
        )
    }

    /// What became of the invites that somebody sent, in the order of their addresses.
    func invites(by caller: Caller, to team: Team) throws -> [String] {
        try value(
            """
            SELECT array_agg(status ORDER BY email) FROM nofx.team_invites
            WHERE team_id = \(team.id) AND invited_by = \(caller.user)
            """
        )
    }
}

extension Team {
    /// An event that names a member of the team, and more.
    func event(on member: ID<Member>, _ members: String = "") -> String {
        #"{"teamId":"\#(id)","memberId":"\#(member)"\#(members.isEmpty ? "" : ",")\#(members)}"#
    }
}

extension Caller {
    /// The same user through an API key.
    func throughKey(_ scopes: [Scope], for team: Team? = nil) -> Caller {
        Caller(
            user: user,
            issuer: issuer,
            subject: subject,
            email: email,
            credential: "key:0123456789ab",
            scopes: scopes,
            team: team?.id.uuid
        )
    }
}
