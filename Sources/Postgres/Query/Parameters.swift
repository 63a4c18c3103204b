/// The values of a statement in the Postgres binary format, stored in one buffer.
struct Parameters: Sendable {
    struct Entry: Sendable {
        /// The byte offset of the placeholder `$n` in the statement's text.
        let place: Int
        let type: PostgresType
        let offset: Int
        /// In bytes; -1 means NULL.
        let length: Int
    }

    private(set) var entries: [Entry] = []
    private(set) var buffer = PostgresBuffer()

    var count: Int { entries.count }

    mutating func reserve(_ count: Int) {
        entries.reserveCapacity(count)
        buffer.bytes.reserveCapacity(24 * count)
    }

    mutating func append<Value: PostgresEncodable>(_ value: Value?, at place: Int) {
        let offset = buffer.bytes.count
        value?.encode(to: &buffer)
        let length = value == nil ? -1 : buffer.bytes.count - offset
        entries.append(Entry(place: place, type: Value.postgresType, offset: offset, length: length))
        // libpq treats a null pointer as NULL, so an empty value needs an address too.
        if length == 0 { buffer.append(byte: 0) }
    }

    /// Appends a value of another statement, which `entry` describes.
    mutating func append(_ entry: Entry, of other: Parameters, at place: Int) {
        let start = buffer.bytes.count
        entries.append(Entry(place: place, type: entry.type, offset: start, length: entry.length))
        guard entry.length > 0 else {
            if entry.length == 0 { buffer.append(byte: 0) }
            return
        }
        buffer.bytes += other.buffer.bytes[entry.offset..<entry.offset + entry.length]
    }
}

/// The buffer into which a value writes its binary format.
public struct PostgresBuffer: Sendable {
    fileprivate(set) var bytes: [UInt8] = []

    mutating func append(byte: UInt8) {
        bytes.append(byte)
    }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ more: [UInt8]) {
        bytes.append(contentsOf: more)
    }

    /// Appends a number in network byte order.
    mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        var shift = Number.bitWidth
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
        }
    }

    /// Appends the bytes that `body` writes, preceded by their length, as in an array.
    mutating func appendWithLength(_ body: (inout PostgresBuffer) -> Void) {
        let start = bytes.count
        append(Int32(0))
        body(&self)
        var length = UInt32(truncatingIfNeeded: bytes.count - start - 4)
        for position in stride(from: start + 3, through: start, by: -1) {
            bytes[position] = UInt8(truncatingIfNeeded: length)
            length >>= 8
        }
    }
}
