import Base
import Core
import Postgres
import TestSupport

@testable import Teams

extension TestDatabase {
    /// The id of a user's membership of a team.
    func membership(of caller: Caller, in team: Team) throws -> ID<Member> {
        try value("SELECT id FROM nofx.team_members WHERE team_id = \(team.id) AND user_id = \(caller.user)")
    }

    /// The stored rows of a team's members, as text.
    func roll(of team: Team) throws -> [String] {
        try value(
            """
            SELECT array_agg(to_jsonb(m)::text ORDER BY m.id) FROM nofx.team_members m WHERE m.team_id = \(team.id)
            """
        )
    }

    /// A user's role in a team; nil if the user is not a member.
    func role(of caller: Caller, in team: Team) throws -> Role? {
        try value(
            "SELECT (SELECT role FROM nofx.team_members WHERE team_id = \(team.id) AND user_id = \(caller.user))"
        )
    }

    /// The number of a team's owners by its members, and whether the team's row names one of them.
    func ownership(of team: Team) throws -> String {
        try value(
            """
            SELECT count(*) || ' owner, ' || CASE WHEN bool_and(m.user_id = t.owner_id) THEN 'named' ELSE 'not named' END
            FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id AND m.role = 'owner' WHERE t.id = \(team.id)
            """
        )
    }

    /// The statuses of the invites that a user sent, in the order of their addresses.
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
    /// The input that names a member of the team, with further members.
    func event(on member: ID<Member>, _ members: String = "") -> String {
        #"{"teamId":"\#(id)","memberId":"\#(member)"\#(members.isEmpty ? "" : ",")\#(members)}"#
    }
}

extension Caller {
    /// The same user with an API key.
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
