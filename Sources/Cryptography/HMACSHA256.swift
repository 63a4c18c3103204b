/// The message authentication code HMAC with SHA-256 (RFC 2104).
public enum HMACSHA256 {
    private static var blockSize: Int { 64 }

    /// The message authentication code, 32 bytes.
    ///
    /// Compare codes only with ``constantTimeEqual(_:_:)``.
    public static func code(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        var block = key.count > blockSize ? SHA256.digest(key) : key
        block.append(contentsOf: repeatElement(0, count: blockSize - block.count))
        let inner = SHA256.digest(block.map { $0 ^ 0x36 } + message)
        return SHA256.digest(block.map { $0 ^ 0x5C } + inner)
    }
}
