import Base

/// What tells slugs apart that are made from the same name.
enum SlugSuffix {
    /// A hyphen and six random letters and digits: one of two thousand million.
    static func random() -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        // UUIDs of version 7 end with 62 random bits.
        var bits = UUID.v7().low & 0x3FFF_FFFF_FFFF_FFFF
        var suffix = [UInt8(ascii: "-")]
        for _ in 0..<6 {
            suffix.append(alphabet[Int(bits % 36)])
            bits /= 36
        }
        return String(decoding: suffix, as: UTF8.self)
    }
}
