public import Base
public import Postgres

/// Where a page ends: what a cursor carries from one page to the next.
public protocol CursorPosition {
    /// How many values the list is ordered by.
    static var cursorKeyCount: Int { get }

    /// The values that the list is ordered by, in that order.
    var cursorKeys: [String] { get }

    /// Reads the position from a cursor's keys, ``cursorKeyCount`` of them.
    ///
    /// - Throws: ``Cursor/refused`` for keys that no page of the list can have.
    init(cursorKeys: [String]) throws(Problem)
}

extension KeysetPosition: CursorPosition {
    public static var cursorKeyCount: Int { 2 }

    public var cursorKeys: [String] { [time.cursorKey, "\(key)"] }

    public init(cursorKeys: [String]) throws(Problem) {
        guard let key = Key(cursorKeys[1]) else { throw Cursor.refused }
        self.init(try Timestamp(cursorKey: cursorKeys[0]), key)
    }
}

/// One request for a page of a list: reads the cursor, says how many rows to select, and makes the page of them.
///
/// ```swift
/// let list = try Listing<Position>("listGates", of: binding, limit: request.limit, cursor: request.cursor)
/// let rows = try context.read("… LIMIT \(list.rowLimit)")
/// return try list.page(of: rows) { $0.position }
/// ```
public struct Listing<Position: CursorPosition> {
    private let endpoint: String
    private let binding: String
    private let limit: PageLimit

    /// The last item of the page before; nil for the first page.
    public let after: Position?

    /// Begins a page.
    ///
    /// - Parameters:
    ///   - endpoint: The endpoint's name.
    ///   - binding: The owner of the items and the filters: a cursor is good for the same ones only.
    ///   - limit: How many items the caller wants.
    ///   - cursor: The caller's cursor; nil for the first page.
    /// - Throws: ``Cursor/refused`` for a cursor that this list did not issue.
    public init(_ endpoint: String, of binding: String, limit: PageLimit, cursor: Cursor?) throws(Problem) {
        self.endpoint = endpoint
        self.binding = binding
        self.limit = limit
        guard let cursor else {
            after = nil
            return
        }
        after = try Position(
            cursorKeys: cursor.keys(of: endpoint, binding: binding, count: Position.cursorKeyCount)
        )
    }

    /// How many rows the statement selects: one more than the page holds, which shows whether another page follows.
    public var rowLimit: Int { limit.count + 1 }

    /// The page that the rows make.
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

    /// The page that the rows make, of a list that not every member may see; ``Postgres/Rows/items(of:in:)`` says
    /// which columns the rows need.
    ///
    /// - Throws: A `Denial`, or `PostgresError`.
    public func page<Item: OutputObject & RowDecodable, Team>(
        of rows: Rows,
        for action: Action,
        in team: ID<Team>,
        _ position: (Item) -> Position
    ) throws -> Page<Item> {
        page(of: try rows.items(of: action, in: team), position)
    }

    private func page<Item: OutputObject>(of found: [Item], _ position: (Item) -> Position) -> Page<Item> {
        Page(found, limit: limit) { Cursor(list: endpoint, binding: binding, keys: position($0).cursorKeys) }
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
