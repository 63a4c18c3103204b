/// Compares the keys of an object by the bytes of their characters.
enum JSONKeys {
    /// Objects with up to this many members are compared pair by pair, which needs no memory.
    private static let pairwise = 16

    /// Checks that an object has no duplicate keys.
    ///
    /// Larger objects use a hash table. Its seed is random for each process, so an attacker cannot choose keys that
    /// make it slow.
    static func refuseDuplicates(of object: Int, on tape: [JSONNode], in bytes: [UInt8]) throws(JSONSyntaxError) {
        let count = tape[object].count
        guard count > 1 else { return }
        guard count > pairwise else { return try compareAll(of: object, on: tape, in: bytes) }
        try compareHashes(of: object, on: tape, in: bytes)
    }

    /// Whether two strings have the same characters.
    static func areEqual(_ left: JSONNode, _ right: JSONNode, in bytes: [UInt8]) -> Bool {
        if left.hasEscapes || right.hasEscapes {
            return JSONEscape(left, in: bytes).elementsEqual(JSONEscape(right, in: bytes))
        }
        let length = left.end &- left.start
        guard right.end &- right.start == length else { return false }
        for offset in 0..<length where bytes[left.start &+ offset] != bytes[right.start &+ offset] { return false }
        return true
    }

    /// Whether a string has the characters of `text`.
    static func isEqual(_ node: JSONNode, to text: String, in bytes: [UInt8]) -> Bool {
        if node.hasEscapes { return JSONEscape(node, in: bytes).elementsEqual(text.utf8) }
        let expected = text.utf8.span
        guard node.end &- node.start == expected.count else { return false }
        for offset in 0..<expected.count where bytes[node.start &+ offset] != expected[offset] { return false }
        return true
    }

    private static func compareAll(
        of object: Int,
        on tape: [JSONNode],
        in bytes: [UInt8]
    ) throws(JSONSyntaxError) {
        let end = tape[object].next
        var key = tape[tape[object &+ 1].next].next
        while key < end {
            var other = object &+ 1
            while other < key {
                if areEqual(tape[other], tape[key], in: bytes) {
                    throw JSONSyntaxError(.duplicateKey, at: tape[key].start &- 1)
                }
                other = tape[other &+ 1].next
            }
            key = tape[key &+ 1].next
        }
    }

    private static func compareHashes(
        of object: Int,
        on tape: [JSONNode],
        in bytes: [UInt8]
    ) throws(JSONSyntaxError) {
        let mask = (tape[object].count &* 2).roundedUpToPowerOfTwo &- 1
        // A slot contains the index of a key in its low half, which is never zero, and half of the key's hash in its
        // high half.
        var slots = [UInt64](repeating: 0, count: mask &+ 1)
        let end = tape[object].next
        var key = object &+ 1
        while key < end {
            let hash = hash(of: tape[key], in: bytes)
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 {
                if slots[slot] >> 32 == hash >> 32 {
                    let other = Int(slots[slot] & 0xFFFF_FFFF)
                    guard !areEqual(tape[other], tape[key], in: bytes) else {
                        throw JSONSyntaxError(.duplicateKey, at: tape[key].start &- 1)
                    }
                }
                slot = (slot &+ 1) & mask
            }
            slots[slot] = hash & ~0xFFFF_FFFF | UInt64(key)
            key = tape[key &+ 1].next
        }
    }

    private static func hash(of node: JSONNode, in bytes: [UInt8]) -> UInt64 {
        var hasher = Hasher()
        var word: UInt64 = 0
        var length = 0
        func add(_ byte: UInt8) {
            word = word << 8 | UInt64(byte)
            length &+= 1
            if length & 7 == 0 { hasher.combine(word) }
        }
        if node.hasEscapes {
            for byte in JSONEscape(node, in: bytes) { add(byte) }
        } else {
            for index in node.start..<node.end { add(bytes[index]) }
        }
        hasher.combine(word)
        hasher.combine(length)
        return UInt64(truncatingIfNeeded: hasher.finalize())
    }
}

extension Int {
    fileprivate var roundedUpToPowerOfTwo: Int {
        1 << (Int.bitWidth - (self - 1).leadingZeroBitCount)
    }
}
