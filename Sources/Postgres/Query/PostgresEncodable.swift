public import Base

/// A value that can be bound to a statement.
public protocol PostgresEncodable {
    /// The Postgres type of the bound value.
    static var postgresType: PostgresType { get }

    /// Writes the value in that type's binary format. A type of another module forwards to a type that this module
    /// encodes.
    func encode(to buffer: inout PostgresBuffer)
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    public static var postgresType: PostgresType { RawValue.postgresType }
    public func encode(to buffer: inout PostgresBuffer) { rawValue.encode(to: &buffer) }
}

extension String: PostgresEncodable {
    public static var postgresType: PostgresType { .text }
    public func encode(to buffer: inout PostgresBuffer) { buffer.append(self) }
}

extension Int: PostgresEncodable {
    public static var postgresType: PostgresType { .int8 }
    public func encode(to buffer: inout PostgresBuffer) { buffer.append(Int64(self)) }
}

extension Int64: PostgresEncodable {
    public static var postgresType: PostgresType { .int8 }
    public func encode(to buffer: inout PostgresBuffer) { buffer.append(self) }
}

extension Int32: PostgresEncodable {
    public static var postgresType: PostgresType { .int4 }
    public func encode(to buffer: inout PostgresBuffer) { buffer.append(self) }
}

extension Int16: PostgresEncodable {
    public static var postgresType: PostgresType { .int2 }
    public func encode(to buffer: inout PostgresBuffer) { buffer.append(self) }
}

extension Bool: PostgresEncodable {
    public static var postgresType: PostgresType { .bool }
    public func encode(to buffer: inout PostgresBuffer) { buffer.append(byte: self ? 1 : 0) }
}

extension UUID: PostgresEncodable {
    public static var postgresType: PostgresType { .uuid }
    public func encode(to buffer: inout PostgresBuffer) {
        buffer.append(high)
        buffer.append(low)
    }
}

extension ID: PostgresEncodable {
    public static var postgresType: PostgresType { .uuid }
    public func encode(to buffer: inout PostgresBuffer) { uuid.encode(to: &buffer) }
}

extension Timestamp: PostgresEncodable {
    public static var postgresType: PostgresType { .timestamptz }

    public func encode(to buffer: inout PostgresBuffer) {
        let (difference, overflow) = microsecondsSince1970.subtractingReportingOverflow(Self.postgresEpoch)
        // The lowest number means -infinity. The number above it is out of range, so the server rejects it.
        buffer.append(overflow || difference == .min ? .min + 1 : difference)
    }

    /// The epoch of Postgres, 2000-01-01T00:00:00Z, in microseconds since 1970.
    static var postgresEpoch: Int64 { 946_684_800_000_000 }
}

extension Duration: PostgresEncodable {
    public static var postgresType: PostgresType { .interval }

    /// Writes microseconds, with zero days and zero months.
    ///
    /// Fractions of a microsecond are truncated.
    public func encode(to buffer: inout PostgresBuffer) {
        let (seconds, attoseconds) = components
        let whole = seconds.multipliedReportingOverflow(by: 1_000_000)
        let sum = whole.partialValue.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        buffer.append(whole.overflow || sum.overflow ? (seconds < 0 ? .min : .max) : sum.partialValue)
        buffer.append(Int32(0))
        buffer.append(Int32(0))
    }
}

extension JSONText: PostgresEncodable {
    public static var postgresType: PostgresType { .jsonb }

    public func encode(to buffer: inout PostgresBuffer) {
        // The version of the binary format of `jsonb`; 1 is the only version.
        buffer.append(byte: 1)
        buffer.append(bytes)
    }
}
