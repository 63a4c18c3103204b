import System

/// A universally unique identifier (RFC 9562).
public struct UUID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The first eight bytes, in network byte order.
    public let high: UInt64

    /// The last eight bytes, in network byte order.
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Creates an identifier from sixteen bytes.
    ///
    /// Returns nil for any other number of bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Parses the canonical form, 8-4-4-4-12 hexadecimal digits.
    ///
    /// Returns nil for any other form, for example with braces or without hyphens.
    public init?(_ text: String) {
        var halves: [UInt64] = [0, 0]
        var digits = 0
        var position = 0
        for byte in text.utf8 {
            if [8, 13, 18, 23].contains(position) {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard digits < 32, let digit = Hexadecimal.value(of: byte) else { return nil }
                halves[digits / 16] = halves[digits / 16] << 4 | UInt64(digit)
                digits += 1
            }
            position += 1
        }
        guard position == 36 else { return nil }
        self.init(high: halves[0], low: halves[1])
    }

    /// The sixteen bytes, in network byte order.
    public var bytes: [UInt8] {
        [high, low].flatMap { half in stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> $0) }
        }
    }

    /// Which of the layouts of RFC 9562 the identifier has, from 0 to 15.
    public var version: Int { Int(high >> 12 & 0xF) }

    /// Makes an identifier that sorts by its time (RFC 9562, section 5.7).
    public static func v7(at time: Timestamp = .now()) -> UUID {
        let random = SecureRandom.bytes(10)
        let high = random.prefix(2).reduce(0) { $0 << 8 | UInt64($1) }
        let low = random.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
        let milliseconds = UInt64(max(time.microsecondsSince1970, 0) / 1_000)
        return UUID(
            high: milliseconds << 16 | 0x7000 | high & 0x0FFF,
            low: low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        )
    }

    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(Hexadecimal.digit(byte >> 4))
            text.append(Hexadecimal.digit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    public static func < (left: UUID, right: UUID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

/// The identifier of one type of entity.
///
/// The compiler rejects a team's identifier where a user's is expected.
public struct ID<Entity>: Hashable, Sendable, LosslessStringConvertible {
    /// The identifier without its type.
    public let uuid: UUID

    /// Adds a type to an identifier.
    public init(_ uuid: UUID) {
        self.uuid = uuid
    }

    /// Parses the canonical form of a UUID.
    public init?(_ text: String) {
        guard let uuid = UUID(text) else { return nil }
        self.init(uuid)
    }

    /// Creates a new identifier that sorts by its creation time.
    public static func make() -> ID {
        ID(UUID.v7())
    }

    public var description: String { uuid.description }
}

/// A position in a list that is ordered by time and then by identifier, for keyset pagination.
public struct KeysetPosition<Key: LosslessStringConvertible> {
    /// The item's time.
    public let time: Timestamp

    /// The item's identifier.
    public let key: Key

    public init(_ time: Timestamp, _ key: Key) {
        self.time = time
        self.key = key
    }
}
