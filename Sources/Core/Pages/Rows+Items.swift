public import Base
public import Postgres

extension Rows {
    /// The items of a list that not every member may see.
    ///
    /// Each row says of the caller whether they may look (`allowed`) and as what (`caller_role`), and whether there is an
    /// item in it (`is_item`): where there is none, one row still says the rest. A stranger gets no row at all.
    ///
    /// - Parameters:
    ///   - listing: What the caller attempts.
    ///   - team: Whose items they are.
    /// - Returns: The items, in the order of the rows.
    /// - Throws: A `Denial`, or `PostgresError`.
    public func items<Item: RowDecodable, Team>(of listing: Action, in team: ID<Team>) throws -> [Item] {
        guard let row = first else { throw Denial.notMember(listing, team: team) }
        guard try row["allowed"] else { throw Denial.missing(listing, team: team, role: try row["caller_role"]) }
        return try row["is_item"] ? decode() : []
    }
}
