import Base

/// What a caller calls a call, so that sending it again does nothing again
/// (draft-ietf-httpapi-idempotency-key-header).
enum IdempotencyKey {
    static let header = "idempotency-key"

    static let refused = Problem(
        status: 400,
        code: "invalid_idempotency_key",
        detail: "Idempotency-Key must be one value of 1 to 255 visible ASCII characters."
    )

    /// The key of a request, bare or as a quoted string (RFC 8941, section 3.3.3); nil where there is none.
    ///
    /// - Throws: 400 `invalid_idempotency_key` for more than one, and for one that is none.
    static func find(in headers: Headers) throws(Problem) -> String? {
        let values = headers.values(of: header) + headers.values(of: "x-idempotency-key")
        guard let value = values.first else { return nil }
        let quote = UInt8(ascii: "\"")
        var key = value.utf8[...]
        if key.count >= 2, key.first == quote, key.last == quote { key = key.dropFirst().dropLast() }
        guard values.count == 1, (1...255).contains(key.count),
            key.allSatisfy({ (0x21...0x7E).contains($0) && $0 != quote })
        else { throw refused }
        return String(Substring(key))
    }
}
