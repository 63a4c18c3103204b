/// A prefix code (RFC 1951, section 3.2.2).
struct HuffmanCode {
    /// The longest code, in bits.
    static let longest = 15

    /// The bits that one look into the table decodes.
    private static let tableBits = 9

    /// What the next bits are.
    enum Match {
        case symbol(Int, length: Int)
        case incomplete
        case invalid
    }

    /// For the next bits: the symbol, and the length of its code in the low four bits; 0 for longer or unknown codes.
    private var table = [UInt16](repeating: 0, count: 1 << HuffmanCode.tableBits)

    /// How many codes have each length.
    private var counts = [Int](repeating: 0, count: HuffmanCode.longest + 1)

    /// The symbols in the order of their codes.
    private var symbols: [UInt16] = []

    /// Makes the code whose symbols have these lengths; 0 for a symbol that does not occur.
    init(_ lengths: [UInt8]) throws(Inflater.Fault) {
        for length in lengths { counts[Int(length)] += 1 }
        counts[0] = 0
        var left = 1
        var starts = [Int](repeating: 0, count: Self.longest + 2)
        for length in 1...Self.longest {
            left = left * 2 - counts[length]
            guard left >= 0 else { throw Inflater.Fault("it has more codes than there are") }
            starts[length + 1] = starts[length] + counts[length]
        }
        // Only a code of a single symbol may be incomplete.
        let used = counts.reduce(0, +)
        guard left == 0 || used <= 1 else { throw Inflater.Fault("it has an incomplete code") }
        symbols = [UInt16](repeating: 0, count: used)
        var places = starts
        for (symbol, length) in lengths.enumerated() where length > 0 {
            symbols[places[Int(length)]] = UInt16(symbol)
            places[Int(length)] += 1
        }
        fillTable(starts)
    }

    private mutating func fillTable(_ starts: [Int]) {
        var code = 0
        for length in 1...Self.tableBits {
            code <<= 1
            for place in starts[length]..<(starts[length] + counts[length]) {
                // Codes are packed from their most significant bit on.
                let reversed = (0..<length).reduce(0) { $0 | (code >> $1 & 1) << (length - 1 - $1) }
                for index in stride(from: reversed, to: 1 << Self.tableBits, by: 1 << length) {
                    table[index] = symbols[place] << 4 | UInt16(length)
                }
                code += 1
            }
        }
    }

    /// Decodes the next symbol.
    ///
    /// - Parameters:
    ///   - bits: The next bits, from the least significant on.
    ///   - count: How many of them are there.
    /// - Returns: The symbol, or why there is none.
    func symbol(_ bits: UInt64, _ count: Int) -> Match {
        let entry = table[Int(bits & UInt64(1 << Self.tableBits - 1))]
        let length = Int(entry & 15)
        if length > 0 { return length <= count ? .symbol(Int(entry >> 4), length: length) : .incomplete }
        var (code, first, index) = (0, 0, 0)
        for length in 1...Self.longest {
            guard length <= count else { return .incomplete }
            code |= Int(bits >> UInt64(length - 1) & 1)
            let codes = counts[length]
            if code - codes < first { return .symbol(Int(symbols[index + code - first]), length: length) }
            index += codes
            first = (first + codes) << 1
            code <<= 1
        }
        return .invalid
    }

    /// The code of literals and lengths in blocks without codes of their own (RFC 1951, section 3.2.6).
    static let fixedLiterals = known(
        [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112) + [UInt8](repeating: 7, count: 24)
            + [UInt8](repeating: 8, count: 8)
    )

    /// The code of distances in such blocks.
    static let fixedDistances = known([UInt8](repeating: 5, count: 32))

    private static func known(_ lengths: [UInt8]) -> HuffmanCode {
        (try? HuffmanCode(lengths)) ?? HuffmanCode()
    }

    private init() {}
}
