public import Base

extension KeysetPosition {
    /// The position that a cursor stands for.
    ///
    /// - Throws: What ``Cursor/refused`` is, for a cursor that is not one of this list.
    public init(_ cursor: Cursor, of list: String, binding: String) throws(Problem) {
        let keys = try cursor.keys(of: list, binding: binding, count: 2)
        guard let key = Key(keys[1]) else { throw Cursor.refused }
        self.init(try Timestamp(cursorKey: keys[0]), key)
    }

    /// The cursor that carries the position to the next page.
    public func cursor(of list: String, binding: String) -> Cursor {
        Cursor(list: list, binding: binding, keys: [time.cursorKey, "\(key)"])
    }
}

extension Timestamp {
    // From 1970 to 9999: every moment of a cursor that a page gave out, and none that Postgres cannot hold.
    private static let moments: ClosedRange<Int64> = 0...253_402_300_799_999_999

    /// The moment that one of a cursor's keys stands for.
    ///
    /// - Throws: What ``Cursor/refused`` is, for a key that no page gave out.
    public init(cursorKey: String) throws(Problem) {
        guard let microseconds = Int64(cursorKey), Self.moments.contains(microseconds) else { throw Cursor.refused }
        self.init(microsecondsSince1970: microseconds)
    }

    /// What stands for the moment in a cursor: microseconds since 1970, as a `Double` would not carry them.
    public var cursorKey: String { "\(microsecondsSince1970)" }
}
