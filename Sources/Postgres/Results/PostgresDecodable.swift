public import Base

/// A value that can be read from a column.
public protocol PostgresDecodable {
    /// Reads a column. A type of another module forwards to a type that this module decodes.
    ///
    /// - Throws: A ``PostgresError`` of kind ``PostgresError/Kind/decoding`` if the column is NULL, has another type,
    ///   or holds a value that this type cannot represent.
    init(postgres cell: PostgresCell) throws(PostgresError)
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard let value = Self(rawValue: try RawValue(postgres: cell)) else { throw cell.mismatch("\(Self.self)") }
        self = value
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self = cell.isNull ? nil : try Wrapped(postgres: cell)
    }
}

extension String: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .text, .varchar, .bpchar, .name, .char, .unknown: self.init(decoding: try cell.bytes(), as: UTF8.self)
        default: throw cell.mismatch("String")
        }
    }
}

extension Int: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.integer() }
}

extension Int64: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.integer() }
}

extension Int32: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.integer() }
}

extension Int16: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.integer() }
}

extension Bool: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .bool else { throw cell.mismatch("Bool") }
        self = try cell.number(at: 0) as UInt8 != 0
    }
}

extension UUID: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .uuid else { throw cell.mismatch("UUID") }
        self.init(high: try cell.number(at: 0), low: try cell.number(at: 8))
    }
}

extension ID: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) { self.init(try UUID(postgres: cell)) }
}

extension Timestamp: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .timestamptz else { throw cell.mismatch("Timestamp") }
        let difference: Int64 = try cell.number(at: 0)
        let (sum, overflow) = difference.addingReportingOverflow(Self.postgresEpoch)
        // The highest and the lowest number mean infinity and -infinity.
        guard !overflow, difference != .min else { throw cell.mismatch("Timestamp") }
        self.init(microsecondsSince1970: sum)
    }
}

extension Duration: PostgresDecodable {
    /// Reads an interval.
    ///
    /// Rejects one with days or months, because their length depends on the calendar.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .interval,
            try cell.number(at: 8) as Int32 == 0, try cell.number(at: 12) as Int32 == 0
        else { throw cell.mismatch("Duration") }
        self = .microseconds(try cell.number(at: 0) as Int64)
    }
}

extension JSONText: PostgresDecodable {
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .json:
            self.init(trusted: Array(try cell.bytes()))
        case .jsonb where try cell.number(at: 0) as UInt8 == 1:
            self.init(trusted: Array(try cell.bytes().dropFirst()))
        default:
            throw cell.mismatch("JSONText")
        }
    }
}
