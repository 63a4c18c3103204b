public import Base

/// A type that can be an element of a Postgres array: `[String]` is `text[]`, while `[UInt8]` is `bytea`.
public protocol PostgresArrayElement {
    /// The Postgres type of an array of these elements.
    static var postgresArrayType: PostgresType { get }

    /// Writes an array in the Postgres binary format.
    static func encode(_ elements: [Self], to buffer: inout PostgresBuffer)

    /// Reads an array.
    ///
    /// - Throws: A ``PostgresError`` of kind ``PostgresError/Kind/decoding`` if the column has another type, has more
    ///   than one dimension or contains a NULL element.
    static func decode(_ cell: PostgresCell) throws(PostgresError) -> [Self]
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    public static var postgresType: PostgresType { Element.postgresArrayType }
    public func encode(to buffer: inout PostgresBuffer) { Element.encode(self, to: &buffer) }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try Element.decode(cell) }
}

extension PostgresArrayElement where Self: PostgresEncodable {
    public static func encode(_ elements: [Self], to buffer: inout PostgresBuffer) {
        buffer.append(Int32(elements.isEmpty ? 0 : 1))  // dimensions
        buffer.append(Int32(0))  // no NULL among them
        buffer.append(postgresType.rawValue)
        guard !elements.isEmpty else { return }
        buffer.append(Int32(clamping: elements.count))
        buffer.append(Int32(1))  // the first index
        for element in elements {
            buffer.appendWithLength { element.encode(to: &$0) }
        }
    }
}

extension PostgresArrayElement where Self: PostgresDecodable {
    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> [Self] {
        try cell.elements(Self.self)
    }
}

extension PostgresArrayElement where Self: RawRepresentable, RawValue: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { RawValue.postgresArrayType }
}

extension UInt8: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { .bytea }
    public static func encode(_ elements: [UInt8], to buffer: inout PostgresBuffer) { buffer.append(elements) }
    public static func decode(_ cell: PostgresCell) throws(PostgresError) -> [UInt8] {
        guard cell.type == .bytea else { throw cell.mismatch("[UInt8]") }
        return Array(try cell.bytes())
    }
}

extension Array: PostgresArrayElement where Element == UInt8 {
    public static var postgresArrayType: PostgresType { .byteaArray }
}

extension String: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { .textArray }
}

extension Int: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { .int8Array }
}

extension Int64: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { .int8Array }
}

extension Bool: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { .boolArray }
}

extension UUID: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { .uuidArray }
}

extension ID: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { .uuidArray }
}

extension Timestamp: PostgresArrayElement {
    public static var postgresArrayType: PostgresType { .timestamptzArray }
}
