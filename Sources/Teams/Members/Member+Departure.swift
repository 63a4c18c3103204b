public import Base
import Core
public import Postgres

extension Member {
    /// A membership that has ended.
    public struct Departure: OutputObject, RowDecodable {
        let team: ID<Team>
        let member: ID<Member>
        let user: ID<User>
        let invitesCancelled: Int

        public init(row: borrowing Row) throws(PostgresError) {
            team = try row["team_id"]
            member = try row["id"]
            user = try row["user_id"]
            invitesCancelled = try row["invites_cancelled"]
        }

        public static let fields: [OutputField<Departure>] = [
            OutputField("teamId", "The team.") { $0.team },
            OutputField("memberId", "The membership that ended.") { $0.member },
            OutputField("userId", "The person.") { $0.user },
            OutputField("invitesCancelled", "How many pending invites of theirs ended with it.") {
                $0.invitesCancelled
            },
        ]
    }
}
