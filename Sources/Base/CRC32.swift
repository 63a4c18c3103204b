/// The checksum CRC-32 (ITU-T V.42, section 8.1.1.6.2), which zlib and Ethernet use too.
///
/// It finds slips of the pen and is no protection against intent.
public enum CRC32 {
    private static let polynomial: UInt32 = 0xEDB8_8320

    /// The checksum of some bytes.
    public static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var register = UInt32.max
        for byte in bytes {
            register ^= UInt32(byte)
            // Bit by bit: for a few dozen bytes a table would cost more than it saves.
            for _ in 0..<8 {
                let isOdd = register & 1 == 1
                register >>= 1
                if isOdd { register ^= polynomial }
            }
        }
        return ~register
    }
}
