/// A row of a result.
public struct Row {
    private let rows: Rows
    private let index: Int32

    init(rows: Rows, index: Int32) {
        self.rows = rows
        self.index = index
    }

    /// The value of the column with this name.
    ///
    /// - Throws: A ``PostgresError`` of kind ``PostgresError/Kind/decoding`` if no column has this name, if it has
    ///   another type, or if it is NULL and `Value` is not optional.
    public subscript<Value: PostgresDecodable>(_ column: String) -> Value {
        get throws(PostgresError) {
            guard let position = rows.column(column) else {
                throw PostgresError(.decoding, message: "there is no column \(column)")
            }
            return try rows.decode(row: index, column: position)
        }
    }

    /// The value of the column at a position, counted from 0.
    ///
    /// - Throws: The same errors as the subscript by name.
    public subscript<Value: PostgresDecodable>(_ column: Int) -> Value {
        get throws(PostgresError) {
            try rows.decode(row: index, column: Int32(clamping: column))
        }
    }

    /// The value of a column, with an explicit type.
    ///
    /// - Throws: The same errors as the subscript by name.
    public func get<Value: PostgresDecodable>(
        _ column: String,
        as _: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        try self[column]
    }
}

/// A value that can be read from a row.
public protocol RowDecodable {
    /// Reads a row.
    ///
    /// - Throws: A ``PostgresError`` of kind ``PostgresError/Kind/decoding`` if a column does not match.
    init(row: borrowing Row) throws(PostgresError)
}
