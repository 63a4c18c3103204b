import Base

/// Removes secrets from the outputs, artifacts and errors of a step.
///
/// A server may return what it was sent, and an error message may contain it. The search covers the secret itself and
/// its usual encodings, also several of them one inside the other: percent-encoding, the escapes of JSON, of HTML and of
/// programming languages, hexadecimal digits, base64 also within a longer encoded text. The case of letters does not
/// matter, unless in base64, and a secret may be broken into lines anywhere. Secrets of fewer than four
/// bytes are not removed, because they would match everywhere; ``SecretStore`` refuses them.
struct Redaction: Sendable {
    /// The length of the shortest secret that can be removed, in bytes.
    static let shortest = 4

    /// How often a text is decoded, one encoding inside the other.
    private static let depth = 3

    private static var mark: [UInt8] { Array("[redacted]".utf8) }

    private var patterns = SecretPatterns()

    /// The most bytes that a secret can take in a text, however it is encoded; 0 without secrets.
    private(set) var longestTrace = 0

    var isEmpty: Bool { patterns.isEmpty }

    /// Adds a secret to remove.
    mutating func add(_ secret: Secret) {
        guard secret.bytes.count >= Self.shortest else { return }
        // Six bytes for each are the longest usual escape, and an encoding inside another may double them.
        longestTrace = max(longestTrace, secret.bytes.count * 12)
        // The search itself knows the case of ASCII only.
        for text in [secret.text.lowercased(), secret.text.uppercased()] { patterns.insert(Array(text.utf8)) }
        // A secret that looks encoded itself is decoded like the text around it.
        var layer = DecodedText(secret.bytes)
        patterns.insert(layer.bytes)
        for _ in 0..<Self.depth {
            guard let next = layer.decoded(isForced: true) else { break }
            layer = next
            if layer.bytes.count >= Self.shortest { patterns.insert(layer.bytes) }
        }
        patterns.insert(Array(Hexadecimal.encode(secret.bytes).utf8))
        var forms = [Array(Base64.encode(secret.bytes).utf8), Array(Base64.encodeURL(secret.bytes).utf8)]
        for shift in 0..<3 {
            let inside = Self.base64(secret.bytes, behind: shift)
            forms.append(inside)
            forms.append(inside.map { $0 == UInt8(ascii: "+") ? 0x2D : $0 == UInt8(ascii: "/") ? 0x5F : $0 })
        }
        // A decoded text has no plus signs.
        for form in forms + forms.map({ $0.filter { $0 != UInt8(ascii: "+") } }) where form.count >= Self.shortest {
            patterns.insert(form, isCaseSensitive: true)
        }
    }

    /// Returns the bytes without secrets.
    func bytes(_ bytes: [UInt8]) -> [UInt8] {
        guard !isEmpty else { return bytes }
        var layer = DecodedText(bytes)
        var found = patterns.matches(in: layer)
        for _ in 0..<Self.depth {
            guard let next = layer.decoded() else { break }
            layer = next
            found += patterns.matches(in: layer)
        }
        return Self.replace(found, in: bytes)
    }

    /// Replaces ranges, of which those that overlap get one mark.
    private static func replace(_ found: [Range<Int>], in bytes: [UInt8]) -> [UInt8] {
        guard !found.isEmpty else { return bytes }
        var result: [UInt8] = []
        var end = 0
        for range in found.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            if range.lowerBound >= end {
                result += bytes[end..<range.lowerBound] + mark
            }
            end = max(end, range.upperBound)
        }
        return result + bytes[end...]
    }

    /// Returns the text without secrets.
    func text(_ text: String) -> String {
        isEmpty ? text : String(decoding: bytes(Array(text.utf8)), as: UTF8.self)
    }

    /// Returns the value without secrets in strings, numbers and member names.
    func json(_ value: JSONValue) -> JSONText {
        guard !isEmpty else { return value.text }
        var json = JSONWriter(reserving: value.text.bytes.count)
        write(value, to: &json)
        return JSONText(trusted: json.bytes)
    }

    private func write(_ value: JSONValue, to json: inout JSONWriter) {
        switch value.kind {
        case .null, .bool: json.raw(value.text.bytes)
        case .number:
            let digits = value.text.bytes
            if bytes(digits) == digits { json.raw(digits) } else { json.string(text(value.text.description)) }
        case .string: json.string(text(value.string ?? ""))
        case .array:
            json.array { json in
                for element in value.elements { write(element, to: &json) }
            }
        case .object:
            json.object { json in
                for (key, member) in value.members { json.member(text(key)) { write(member, to: &$0) } }
            }
        }
    }

    /// The base64 form of bytes that follow others, without the characters that depend on the surrounding bytes.
    private static func base64(_ bytes: [UInt8], behind shift: Int) -> [UInt8] {
        let encoded = Base64.encode([UInt8](repeating: 0, count: shift) + bytes).utf8
        // A character encodes six bits, so the first and the last one can depend on neighbouring bytes.
        return Array(encoded.prefix((shift + bytes.count) * 8 / 6).dropFirst((shift * 8 + 5) / 6))
    }
}
