public import Base
public import Postgres

/// A position in a list: the values that the list is ordered by.
public protocol ListPosition {
    /// The number of values.
    static var keyCount: Int { get }

    /// Reads the values from a cursor.
    ///
    /// - Throws: ``Cursor/refused`` for values that no page has issued.
    init(cursorKeys keys: [String]) throws(Problem)

    /// The values as a cursor carries them.
    var cursorKeys: [String] { get }
}

extension KeysetPosition: ListPosition {
    public static var keyCount: Int { 2 }

    public init(cursorKeys keys: [String]) throws(Problem) {
        guard let key = Key(keys[1]) else { throw Cursor.refused }
        self.init(try Timestamp(cursorKey: keys[0]), key)
    }

    public var cursorKeys: [String] { [time.cursorKey, "\(key)"] }
}

/// One page of a list: where it begins, how many rows its statement selects, and where the next page begins.
///
/// A list that not every member may see is one statement of this form:
///
/// ```sql
/// WITH actor AS (…), page AS (SELECT … LIMIT …) SELECT page.*, … FROM actor LEFT JOIN page ON true ORDER BY …
/// ```
///
/// ``select(_:by:allowed:)`` is its last part. The row of `actor` comes back also when the page is empty.
public struct Listing<Position: ListPosition> {
    /// Where the page before ended; nil for the first page.
    public let after: Position?

    private let endpoint: String
    private let binding: String
    private let limit: PageLimit

    /// Begins a page.
    ///
    /// - Parameters:
    ///   - endpoint: The list's endpoint.
    ///   - binding: The owner of the items, and the filters. A cursor with another binding is refused.
    ///   - limit: The number of items per page.
    ///   - cursor: Where the page begins, as the page before said.
    /// - Throws: ``Cursor/refused`` for a cursor that this list did not issue.
    public init(
        _ endpoint: String,
        binding: String,
        limit: PageLimit,
        cursor: Cursor?
    ) throws(Problem) {
        self.endpoint = endpoint
        self.binding = binding
        self.limit = limit
        if let cursor {
            after = try Position(cursorKeys: try cursor.keys(of: endpoint, binding: binding, count: Position.keyCount))
        } else {
            after = nil
        }
    }

    /// How many rows to select: one more than the page has, to know whether there is a next page.
    public var rowLimit: Int { limit.count + 1 }

    /// The last part of the statement of a list that not every member may see: every item, and what ``page(_:of:in:at:)``
    /// needs to know about the caller.
    ///
    /// - Parameters:
    ///   - rows: Up to ``rowLimit`` rows, in the list's order.
    ///   - position: The position of an item.
    /// - Returns: The page.
    /// - Throws: `PostgresError` for a row that is no item.
    public func page<Item: OutputObject & RowDecodable>(
        of rows: Rows,
        _ position: (Item) -> Position
    ) throws(PostgresError) -> Page<Item> {
        page(of: try rows.decode(), position)
    }

    /// The page of a list that not every member may see.
    ///
    /// - Parameters:
    ///   - rows: The rows of a statement that ends with ``select(_:by:allowed:)``.
    ///   - action: What the caller attempts.
    ///   - team: The team whose items they are.
    ///   - position: The position of an item.
    /// - Returns: The page.
    /// - Throws: A `Denial`, or `PostgresError`.
    public func page<Item: OutputObject & RowDecodable, Team>(
        _ rows: Rows,
        of action: Action,
        in team: ID<Team>,
        at position: (Item) -> Position
    ) throws -> Page<Item> {
        page(try rows.items(of: action, in: team), at: position)
    }

    /// The page with the items that a statement with ``rowLimit`` selected.
    public func page<Item: OutputObject>(_ items: [Item], at position: (Item) -> Position) -> Page<Item> {
        Page(items, limit: limit) {
            Cursor(list: endpoint, binding: binding, keys: position($0).cursorKeys)
        }
    }
}

extension Listing {
    /// The condition that a row comes after the page before, in a list whose order is descending.
    ///
    /// - Parameter columns: The columns of time and key, separated by a comma.
    /// - Returns: The condition.
    public func isBelow<Key: PostgresEncodable>(_ columns: Query) -> Query where Position == KeysetPosition<Key> {
        "(\(after == nil) OR (\(fragment: columns)) < (\(after?.time), \(after?.key)))"
    }

    /// The condition that a row comes after the page before, in a list whose order is ascending.
    ///
    /// - Parameter columns: The columns of time and key, separated by a comma.
    /// - Returns: The condition.
    public func isAbove<Key: PostgresEncodable>(_ columns: Query) -> Query where Position == KeysetPosition<Key> {
        "(\(after == nil) OR (\(fragment: columns)) > (\(after?.time), \(after?.key)))"
    }
}

extension Field where Value == PageLimit {
    /// The field `limit` of a list.
    ///
    /// - Parameter items: What the list has, such as `teams`.
    /// - Returns: The field.
    public static func limit(of items: String) -> Field {
        .optional("limit", PageLimit.self, default: .standard, "The maximum number of \(items) to return.")
    }
}

extension Field where Value == Cursor? {
    /// The field `cursor` of a list.
    public static var cursor: Field {
        .optional("cursor", Cursor.self, "The nextCursor of the previous page; the first page by default.")
    }
}

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
