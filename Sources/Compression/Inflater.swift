/// Decodes compressed data (RFC 1951) from pieces of any size.
///
/// It keeps the last 32 KiB, to which the data may refer, and hands out what it decodes in pieces of a bounded size.
struct Inflater {
    /// The data is invalid.
    struct Fault: Error {
        let reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    /// The blocks of data.
    private enum Block {
        /// The header of the next one has not been read.
        case none
        /// So many bytes follow as they are.
        case stored(Int)
        case compressed(HuffmanCode, HuffmanCode)
    }

    /// How far back the data may refer.
    private static let distance = 32 << 10

    /// The size of a piece, which the last copy may exceed.
    private static let pieceSize = 32 << 10

    /// Whether the last block has ended.
    private(set) var hasEnded = false

    private var input: [UInt8] = []
    private var position = 0
    private var bits: UInt64 = 0
    private var bitCount = 0
    private var block = Block.none
    private var isLastBlock = false

    /// The last bytes, of which those before ``given`` were handed out.
    private var output: [UInt8] = []
    private var given = 0

    /// Adds the next bytes.
    mutating func append(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        if position > 0 {
            input.removeFirst(position)
            position = 0
        }
        input += bytes
    }

    /// Decodes a piece.
    ///
    /// - Returns: At most some 32 KiB; nothing if more bytes are needed or the data has ended.
    mutating func decode() throws(Fault) -> [UInt8] {
        if output.count > 4 * Self.distance {
            output.removeFirst(output.count - Self.distance)
            given = output.count
        }
        while !hasEnded, output.count - given < Self.pieceSize, try step() {}
        if hasEnded { returnBits() }
        defer { given = output.count }
        return Array(output[given...])
    }

    /// Begins with new data.
    mutating func restart() {
        (hasEnded, isLastBlock, block) = (false, false, .none)
        output.removeAll()
        given = 0
    }

    // MARK: - Whole bytes

    /// The number of bytes that are not decoded.
    var waiting: Int { input.count - position }

    /// The next bytes outside of the data; nil if there are not as many.
    func peek(_ count: Int) -> [UInt8]? {
        waiting >= count ? Array(input[position..<(position + count)]) : nil
    }

    mutating func skip(_ count: Int) {
        position += count
    }

    /// The place of the first zero byte from a place on.
    func zero(after start: Int) -> Int? {
        guard waiting > start else { return nil }
        return input[(position + start)...].firstIndex(of: 0).map { $0 - position }
    }

    // MARK: - Bits

    /// Makes so many bits available; false if the data is not there yet.
    private mutating func need(_ count: Int) -> Bool {
        while bitCount < count {
            guard position < input.count else { return false }
            bits |= UInt64(input[position]) << UInt64(bitCount)
            position += 1
            bitCount += 8
        }
        return true
    }

    private mutating func take(_ count: Int) -> Int? {
        guard need(count) else { return nil }
        let value = Int(bits & ((1 << UInt64(count)) - 1))
        drop(count)
        return value
    }

    private mutating func drop(_ count: Int) {
        bits >>= UInt64(count)
        bitCount -= count
    }

    /// Returns the whole bytes that were read ahead.
    private mutating func returnBits() {
        position -= bitCount / 8
        (bits, bitCount) = (0, 0)
    }

    private mutating func symbol(_ code: HuffmanCode) throws(Fault) -> Int? {
        _ = need(HuffmanCode.longest)
        switch code.symbol(bits, bitCount) {
        case .symbol(let symbol, let length):
            drop(length)
            return symbol
        case .incomplete: return nil
        case .invalid: throw Fault("it has an unknown code")
        }
    }

    // MARK: - Blocks

    /// Decodes one element; false if it is not complete, and nothing was taken then.
    private mutating func step() throws(Fault) -> Bool {
        let start = (position, bits, bitCount)
        guard try takeElement() else {
            (position, bits, bitCount) = start
            return false
        }
        return true
    }

    private mutating func takeElement() throws(Fault) -> Bool {
        switch block {
        case .none: return try takeBlockHeader()
        case .stored(let count):
            let part = input[position...].prefix(min(count, Self.pieceSize))
            guard !part.isEmpty || count == 0 else { return false }
            output += part
            position += part.count
            block = .stored(count - part.count)
            if count == part.count { endBlock() }
            return true
        case .compressed(let literals, let distances): return try takeSymbol(literals, distances)
        }
    }

    private mutating func endBlock() {
        block = .none
        hasEnded = isLastBlock
    }

    private mutating func takeBlockHeader() throws(Fault) -> Bool {
        guard let isLast = take(1), let kind = take(2) else { return false }
        switch kind {
        case 0:
            drop(bitCount % 8)
            guard let count = take(16), let complement = take(16) else { return false }
            guard count ^ complement == 0xFFFF else { throw Fault("a block has a wrong length") }
            returnBits()
            block = .stored(count)
        case 1: block = .compressed(.fixedLiterals, .fixedDistances)
        case 2:
            guard let codes = try takeCodes() else { return false }
            block = .compressed(codes.literals, codes.distances)
        default: throw Fault("it has a block of an unknown kind")
        }
        isLastBlock = isLast == 1
        return true
    }

    /// Reads the codes of a block (RFC 1951, section 3.2.7).
    private mutating func takeCodes() throws(Fault) -> (literals: HuffmanCode, distances: HuffmanCode)? {
        guard let literals = take(5), let distances = take(5), let count = take(4) else { return nil }
        let (literalCount, distanceCount) = (literals + 257, distances + 1)
        var lengths = [UInt8](repeating: 0, count: 19)
        let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
        for place in order.prefix(count + 4) {
            guard let length = take(3) else { return nil }
            lengths[place] = UInt8(length)
        }
        let code = try HuffmanCode(lengths)
        var all: [UInt8] = []
        while all.count < literalCount + distanceCount {
            guard let symbol = try symbol(code) else { return nil }
            guard symbol >= 16 else {
                all.append(UInt8(symbol))
                continue
            }
            let (bits, least) = [(2, 3), (3, 3), (7, 11)][symbol - 16]
            guard let more = take(bits) else { return nil }
            guard symbol > 16 || !all.isEmpty else { throw Fault("it repeats a length before the first") }
            all += [UInt8](repeating: symbol == 16 ? all[all.count - 1] : 0, count: least + more)
        }
        guard all.count == literalCount + distanceCount, all[256] > 0 else { throw Fault("its codes are invalid") }
        return (try HuffmanCode(Array(all[..<literalCount])), try HuffmanCode(Array(all[literalCount...])))
    }

    private mutating func takeSymbol(_ literals: HuffmanCode, _ distances: HuffmanCode) throws(Fault) -> Bool {
        guard let symbol = try symbol(literals) else { return false }
        guard symbol >= 256 else {
            output.append(UInt8(symbol))
            return true
        }
        guard symbol > 256 else {
            endBlock()
            return true
        }
        guard symbol < 286 else { throw Fault("it has an unknown length") }
        let length = Self.lengths[symbol - 257]
        guard let more = take(length.bits), let code = try self.symbol(distances) else { return false }
        guard code < 30 else { throw Fault("it has an unknown distance") }
        let distance = Self.distances[code]
        guard let further = take(distance.bits) else { return false }
        try copy(length.base + more, from: distance.base + further)
        return true
    }

    private mutating func copy(_ length: Int, from distance: Int) throws(Fault) {
        guard distance <= output.count else { throw Fault("it refers to bytes before the first") }
        let start = output.count - distance
        if distance >= length {
            output.append(contentsOf: output[start..<(start + length)])
        } else {
            for offset in 0..<length { output.append(output[start + offset]) }
        }
    }

    private static let lengths = values(first: 3, bits: (0..<28).map { max($0 / 4 - 1, 0) }) + [(base: 258, bits: 0)]

    private static let distances = values(first: 1, bits: (0..<30).map { max($0 / 2 - 1, 0) })

    /// The ranges of values that follow each other, each with a number of additional bits.
    private static func values(first: Int, bits: [Int]) -> [(base: Int, bits: Int)] {
        var base = first
        return bits.map { bits in
            defer { base += 1 << bits }
            return (base, bits)
        }
    }
}
