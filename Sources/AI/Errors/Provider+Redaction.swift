import Base

extension Provider {
    /// A text of somebody else's, fit for a log: without the key in any form, and not longer than 500 characters.
    func redacted(_ text: String) -> String {
        var bytes = Array(text.utf8)
        if let key, !key.bytes.isEmpty {
            for form in [key.bytes, Array(Base64.encode(key.bytes).utf8), Array(Base64.encodeURL(key.bytes).utf8)] {
                bytes = bytes.replacing(bytes: form, by: Array(key.description.utf8))
            }
        }
        return String(String.UnicodeScalarView(String(decoding: bytes, as: UTF8.self).unicodeScalars.prefix(500)))
    }
}
