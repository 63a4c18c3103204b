internal import CPostgres
internal import Glibc

/// The rows that a statement returned, in the order in which the server sent them.
public final class Rows {
    private let result: OpaquePointer

    /// Takes ownership of a libpq result.
    init(result: OpaquePointer) {
        self.result = result
    }

    deinit {
        PQclear(result)
    }

    /// The number of rows.
    public var count: Int { Int(PQntuples(result)) }

    public var isEmpty: Bool { count == 0 }

    /// The number of rows that the statement selected, inserted, updated or deleted.
    public var affected: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// The row at a position, which must be less than ``count``.
    public subscript(_ index: Int) -> Row {
        precondition(index >= 0 && index < count, "there is no such row")
        return Row(rows: self, index: Int32(index))
    }

    /// The first row, or nil if there is none.
    public var first: Row? { isEmpty ? nil : self[0] }

    /// Decodes every row.
    ///
    /// - Throws: A ``PostgresError`` of kind ``PostgresError/Kind/decoding`` if a column does not match.
    public func decode<Value: RowDecodable>(_: Value.Type = Value.self) throws(PostgresError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(count)
        for index in 0..<count { values.append(try Value(row: self[index])) }
        return values
    }

    /// Decodes the first row.
    ///
    /// Returns nil if there is none.
    ///
    /// - Throws: A ``PostgresError`` of kind ``PostgresError/Kind/decoding`` if a column does not match.
    public func decodeFirst<Value: RowDecodable>(_: Value.Type = Value.self) throws(PostgresError) -> Value? {
        guard let first else { return nil }
        return try Value(row: first)
    }

    /// The first column of the first row.
    ///
    /// - Throws: A ``PostgresError`` of kind ``PostgresError/Kind/decoding`` if the column does not match or there is
    ///   no row.
    public func value<Value: PostgresDecodable>(as _: Value.Type = Value.self) throws(PostgresError) -> Value {
        guard let first else { throw PostgresError(.decoding, message: "there is no row") }
        return try first[0]
    }
}

extension Rows {
    func name(of column: Int32) -> String {
        PQfname(result, column).map { String(cString: $0) } ?? "\(column)"
    }

    /// The position of the first column with this name.
    ///
    /// The comparison is byte by byte.
    func column(_ name: String) -> Int32? {
        name.withCString { name in
            (0..<PQnfields(result)).first { strcmp(PQfname(result, $0), name) == 0 }
        }
    }

    func decode<Value: PostgresDecodable>(row: Int32, column: Int32) throws(PostgresError) -> Value {
        guard column >= 0, column < PQnfields(result) else {
            throw PostgresError(.decoding, message: "there is no column \(column)")
        }
        let length = Int(PQgetlength(result, row, column))
        let content =
            PQgetisnull(result, row, column) == 0
            ? UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: length) : nil
        let cell = PostgresCell(
            rows: self,
            column: column,
            type: PostgresType(rawValue: PQftype(result, column)),
            content: content
        )
        // The cell points into the result, which is freed with the last reference to these rows.
        defer { withExtendedLifetime(self) {} }
        return try Value(postgres: cell)
    }

    /// Whether the server's command tag equals `name`.
    ///
    /// The server responds to a `COMMIT` that it cannot execute with the tag `ROLLBACK`.
    func isCommand(_ name: StaticString) -> Bool {
        guard let tag = PQcmdStatus(result) else { return false }
        return name.withUTF8Buffer { expected in
            UnsafeRawBufferPointer(start: tag, count: strlen(tag)).elementsEqual(expected)
        }
    }
}
