public import Base

/// Some items of a list, and where the next ones begin.
public struct Page<Item: OutputObject>: OutputObject {
    /// The items, in the list's order.
    public let items: [Item]

    /// What to send as `cursor` for the next page; nil on the last one.
    public let nextCursor: Cursor?

    /// Makes a page of what was found when one item more than wanted was asked for.
    ///
    /// - Parameters:
    ///   - found: Up to one item more than `limit`.
    ///   - limit: How many items were wanted.
    ///   - cursor: The place of an item in the list.
    public init(_ found: [Item], limit: PageLimit, cursor: (Item) -> Cursor) {
        items = Array(found.prefix(limit.count))
        nextCursor = found.count > limit.count ? items.last.map(cursor) : nil
    }

    public static var fields: [OutputField<Page>] {
        [
            OutputField("items", "The items of this page.") { $0.items },
            OutputField("nextCursor", "The cursor of the next page; null on the last page.") { $0.nextCursor },
        ]
    }
}

/// How many items a list answers at once: 1 to 100.
public struct PageLimit: InputValue, CustomStringConvertible {
    private static let range = IntegerRule(1...100)

    /// The number of items.
    public let count: Int

    /// The limit of a request that sets none.
    public static let standard = PageLimit(count: 20)

    private init(count: Int) {
        self.count = count
    }

    public static var rule: String { range.description }
    public static var form: ValueForm { range.form }

    public init(input: JSONValue) throws(Violations) {
        count = try Self.range.read(input)
    }

    public var description: String { "\(count)" }
}
