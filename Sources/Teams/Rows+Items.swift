import Base
import Core
import Postgres

extension Rows {
    /// The items of a list that not every member may see.
    ///
    /// Each row says of the caller whether they may look (`allowed`) and as what (`caller_role`), and whether there is an
    /// item in it (`is_item`): where there is none, one row still says the rest. A stranger gets no row at all.
    ///
    /// - Throws: A `Denial`, or `PostgresError`.
    func items<Item: RowDecodable>(of listing: Action, in team: ID<Team>) throws -> [Item] {
        guard let row = first else { throw Denial.notMember(listing, team: team) }
        guard try row["allowed"] else { throw Denial.missing(listing, team: team, role: try row["caller_role"]) }
        return try row["is_item"] ? decode() : []
    }
}
