/// A column of a row, or an element of an array in that column, as the server sent it.
public struct PostgresCell {
    private let rows: Rows
    private let column: Int32
    private let content: UnsafeRawBufferPointer?

    /// The type that the server reports.
    public let type: PostgresType

    init(rows: Rows, column: Int32, type: PostgresType, content: UnsafeRawBufferPointer?) {
        self.rows = rows
        self.column = column
        self.type = type
        self.content = content
    }

    /// Whether it is NULL.
    public var isNull: Bool { content == nil }

    /// The bytes, which are valid as long as the rows exist.
    func bytes() throws(PostgresError) -> UnsafeRawBufferPointer {
        guard let content else { throw failure("is NULL") }
        return content
    }

    /// Reads a number in network byte order, starting at a byte offset.
    func number<Number: FixedWidthInteger>(at offset: Int) throws(PostgresError) -> Number {
        let bytes = try bytes()
        guard bytes.count >= offset + MemoryLayout<Number>.size else { throw failure("is too short") }
        return Number(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    /// Reads a column of any integer type, if the value fits into `Number`.
    func integer<Number: FixedWidthInteger>() throws(PostgresError) -> Number {
        let value: Int64
        switch type {
        case .int8: value = try number(at: 0)
        case .int4: value = Int64(try number(at: 0) as Int32)
        case .int2: value = Int64(try number(at: 0) as Int16)
        default: throw mismatch("\(Number.self)")
        }
        guard let fitting = Number(exactly: value) else { throw failure("does not fit \(Number.self)") }
        return fitting
    }

    /// A decoding error that names the expected type.
    func mismatch(_ expected: String) -> PostgresError {
        failure("of type \(type.rawValue) is not a \(expected)")
    }

    func failure(_ problem: String) -> PostgresError {
        PostgresError(.decoding, message: "column \(rows.name(of: column)) \(problem)")
    }
}

extension PostgresCell {
    /// Reads the elements of an array.
    ///
    /// The format is: number of dimensions, NULL flag, element type, then count and first index of the only dimension,
    /// then each element preceded by its length, which is -1 for NULL.
    func elements<Element: PostgresArrayElement & PostgresDecodable>(
        _: Element.Type
    ) throws(PostgresError) -> [Element] {
        switch type {
        case Element.postgresArrayType: break
        case .varcharArray, .bpcharArray, .nameArray:
            guard Element.postgresArrayType == .textArray else { throw mismatch("[\(Element.self)]") }
        default: throw mismatch("[\(Element.self)]")
        }
        let dimensions: Int32 = try number(at: 0)
        guard dimensions > 0 else { return [] }
        guard dimensions == 1 else { throw failure("has \(dimensions) dimensions") }
        let elementType = PostgresType(rawValue: try number(at: 8))
        let count: Int32 = try number(at: 12)
        let bytes = try bytes()
        guard count >= 0, Int(count) <= bytes.count else { throw failure("is too short") }
        var elements: [Element] = []
        elements.reserveCapacity(Int(count))
        var position = 20
        for _ in 0..<count {
            let length = Int(try number(at: position) as Int32)
            position += 4
            guard length >= 0 else { throw failure("has a NULL among its elements") }
            guard position + length <= bytes.count else { throw failure("is too short") }
            let content = UnsafeRawBufferPointer(rebasing: bytes[position..<position + length])
            let cell = PostgresCell(rows: rows, column: column, type: elementType, content: content)
            elements.append(try Element(postgres: cell))
            position += length
        }
        return elements
    }
}
