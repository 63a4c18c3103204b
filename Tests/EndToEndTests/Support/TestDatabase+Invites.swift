import Base
import Postgres
import TestSupport

/// An invite as `inviteMember` returned it.
struct ToldInvite: Sendable {
    let id: String
    let token: String

    /// The input that accepts the invite.
    var acceptance: String { #"{"token":"\#(token)"}"# }
}

extension TestDatabase {
    /// A function on this database, called by a user with a verified address.
    func function(
        _ name: String,
        as subject: String,
        email: String,
        environment: [String: String] = [:]
    ) throws -> TestFunction {
        let token = try TestFunction.token(for: subject, email: email)
        return TestFunction(name, database: url, token: token, environment: environment)
    }

    /// Invites an address to a team.
    func invite(_ email: String, to team: String, by subject: String) throws -> ToldInvite {
        let outcome = try function("inviteMember", as: subject).run(#"{"teamId":"\#(team)","email":"\#(email)"}"#)
        let answer = try outcome.json()
        guard outcome.status == 0, let id = answer["id"]?.string, let token = answer["acceptToken"]?.string else {
            throw NotOneTeam(output: outcome.output)
        }
        return ToldInvite(id: id, token: token)
    }

    /// The contents of all tables, as text; bytes as hexadecimal digits.
    func dump() throws -> String {
        try value(
            """
            SELECT string_agg(query_to_xml(format('SELECT t::text FROM nofx.%I t', c.relname), true, false, '')::text, '')
            FROM pg_class c WHERE c.relnamespace = 'nofx'::regnamespace AND c.relkind = 'r'
            """
        )
    }

    /// Whether the members other than the owner are exactly the users who accepted an invite.
    func membersAreThoseWhoAccepted() throws -> Bool {
        try value(
            """
            SELECT array_agg(user_id ORDER BY user_id) FILTER (WHERE role <> 'owner')
                   IS NOT DISTINCT FROM (SELECT array_agg(accepted_by ORDER BY accepted_by)
                                         FROM nofx.team_invites WHERE status = 'accepted')
            FROM nofx.team_members
            """
        )
    }
}
