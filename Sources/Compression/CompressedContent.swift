/// Decodes compressed content from pieces of any size, and checks that it is complete.
struct CompressedContent {
    /// The formats around compressed data.
    enum Format {
        /// RFC 1952.
        case gzip
        /// RFC 1950, or compressed data alone, as some servers send it.
        case deflate
    }

    /// What comes next.
    private enum Stage {
        case header, data, trailer, end
    }

    /// Why the content is invalid; nil if it is not.
    private(set) var fault: String?

    /// Whether the content is complete.
    var hasEnded: Bool { stage == .end }

    private let format: Format
    private var stage = Stage.header
    private var inflater = Inflater()
    private var checksum: Checksum

    init(_ format: Format) {
        self.format = format
        checksum = format == .gzip ? .crc32() : .adler32()
    }

    /// Decodes a part of the bytes.
    ///
    /// - Parameter bytes: The next bytes. All are taken, and those that are not decoded yet are kept.
    /// - Returns: Some decoded bytes; none when more are needed; nil for invalid ones.
    mutating func next(_ bytes: inout ArraySlice<UInt8>) -> [UInt8]? {
        inflater.append(bytes)
        bytes = []
        do throws(Inflater.Fault) {
            while true {
                switch stage {
                case .header:
                    guard try takeHeader() else { return [] }
                    stage = .data
                case .data:
                    let piece = try inflater.decode()
                    checksum.add(piece)
                    if inflater.hasEnded { stage = .trailer }
                    if !piece.isEmpty || stage == .data { return piece }
                case .trailer:
                    guard try takeTrailer() else { return [] }
                    stage = .end
                case .end:
                    // A file may have several parts. Other bytes behind it mean nothing.
                    guard format == .gzip, inflater.peek(2) == [0x1F, 0x8B] else { return [] }
                    checksum = .crc32()
                    inflater.restart()
                    stage = .header
                }
            }
        } catch {
            fault = "the compressed content is invalid: \(error.reason)"
            return nil
        }
    }

    /// Takes the header, once it is complete.
    private mutating func takeHeader() throws(Inflater.Fault) -> Bool {
        switch format {
        case .gzip: return try takeGzipHeader()
        case .deflate:
            guard let start = inflater.peek(2) else { return false }
            let word = Int(start[0]) << 8 | Int(start[1])
            guard start[0] & 15 == 8, start[0] >> 4 <= 7, word % 31 == 0 else {
                checksum = .none
                return true
            }
            guard start[1] & 32 == 0 else { throw Inflater.Fault("it needs a dictionary") }
            inflater.skip(2)
            return true
        }
    }

    /// Takes the header of a part (RFC 1952, section 2.3).
    private mutating func takeGzipHeader() throws(Inflater.Fault) -> Bool {
        guard let start = inflater.peek(10) else { return false }
        guard start[0] == 0x1F, start[1] == 0x8B, start[2] == 8, start[3] & 0xE0 == 0 else {
            throw Inflater.Fault("it is not in the format gzip")
        }
        let (hasChecksum, hasExtra, hasName, hasComment) = (
            start[3] & 2 != 0, start[3] & 4 != 0, start[3] & 8 != 0, start[3] & 16 != 0
        )
        var count = 10
        if hasExtra {
            guard let length = inflater.peek(count + 2)?.suffix(2) else { return false }
            count += 2 + Int(length[length.startIndex]) + Int(length[length.startIndex + 1]) << 8
        }
        for isThere in [hasName, hasComment] where isThere {
            guard let end = inflater.zero(after: count) else {
                guard inflater.waiting <= 1 << 17 else { throw Inflater.Fault("its header has no end") }
                return false
            }
            count = end + 1
        }
        if hasChecksum { count += 2 }
        guard inflater.waiting >= count else { return false }
        inflater.skip(count)
        return true
    }

    /// Takes the trailer, once it is complete.
    private mutating func takeTrailer() throws(Inflater.Fault) -> Bool {
        let count = checksum.count
        guard let bytes = inflater.peek(count) else { return false }
        guard checksum.matches(bytes) else { throw Inflater.Fault("its checksum is wrong") }
        inflater.skip(count)
        return true
    }
}

/// The checksum at the end of compressed content.
private struct Checksum {
    private enum Kind {
        case none, crc32, adler32
    }

    private let kind: Kind
    private var register: UInt32
    private var high: UInt32 = 0
    private var size: UInt32 = 0
    private let table: [UInt32]

    static var none: Checksum { Checksum(kind: .none, register: 0, table: []) }

    static func adler32() -> Checksum { Checksum(kind: .adler32, register: 1, table: []) }

    static func crc32() -> Checksum {
        let table = (0..<UInt32(256)).map { index in
            (0..<8).reduce(index) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
        return Checksum(kind: .crc32, register: .max, table: table)
    }

    private init(kind: Kind, register: UInt32, table: [UInt32]) {
        self.kind = kind
        self.register = register
        self.table = table
    }

    /// The number of bytes in the trailer.
    var count: Int {
        switch kind {
        case .none: 0
        case .adler32: 4
        case .crc32: 8
        }
    }

    mutating func add(_ bytes: [UInt8]) {
        switch kind {
        case .none: break
        case .crc32:
            size &+= UInt32(truncatingIfNeeded: bytes.count)
            for byte in bytes { register = register >> 8 ^ table[Int((register ^ UInt32(byte)) & 0xFF)] }
        case .adler32:
            for byte in bytes {
                register = (register + UInt32(byte)) % 65_521
                high = (high + register) % 65_521
            }
        }
    }

    /// Whether a trailer has the checksum, and for gzip the size.
    func matches(_ trailer: [UInt8]) -> Bool {
        func little(_ bytes: some Sequence<UInt8>) -> UInt32 { bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) } }
        switch kind {
        case .none: return true
        case .adler32: return trailer.reduce(0) { $0 << 8 | UInt32($1) } == high << 16 | register
        case .crc32: return little(trailer.prefix(4)) == ~register && little(trailer.suffix(4)) == size
        }
    }
}
