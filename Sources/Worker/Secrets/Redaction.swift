import Base

/// Removes secrets from the outputs, artifacts and errors of a step.
///
/// A server may return what it was sent, and an error message may contain it. The search covers the secret itself, its
/// form in a JSON string, and its base64 form, also within a longer encoded text. Secrets of fewer than four bytes are
/// not removed, because they would match everywhere.
struct Redaction: Sendable {
    private static let shortest = 4
    private static var mark: [UInt8] { Array("[redacted]".utf8) }

    /// The forms to search for, by their first byte, longest first.
    private var patterns: [UInt8: [[UInt8]]] = [:]

    var isEmpty: Bool { patterns.isEmpty }

    /// Adds a secret to remove.
    mutating func add(_ secret: Secret) {
        guard secret.bytes.count >= Self.shortest else { return }
        var forms = [secret.bytes, Array(secret.text.jsonBytes.dropFirst().dropLast())]
        forms += [Array(Base64.encode(secret.bytes).utf8), Array(Base64.encodeURL(secret.bytes).utf8)]
        for shift in 0..<3 {
            let inside = Self.base64(secret.bytes, behind: shift)
            forms.append(inside)
            forms.append(inside.map { $0 == UInt8(ascii: "+") ? 0x2D : $0 == UInt8(ascii: "/") ? 0x5F : $0 })
        }
        for form in forms {
            guard let first = form.first, !patterns[first, default: []].contains(form) else { continue }
            patterns[first, default: []].append(form)
            patterns[first]?.sort { $0.count > $1.count }
        }
    }

    /// Returns the bytes without secrets.
    func bytes(_ bytes: [UInt8]) -> [UInt8] {
        guard !isEmpty else { return bytes }
        var rest = bytes[...]
        var result: [UInt8] = []
        while let index = rest.firstIndex(where: { patterns[$0] != nil }) {
            result += rest[..<index]
            rest = rest[index...]
            if let found = patterns[rest[index]]?.first(where: { rest.starts(with: $0) }) {
                result += Self.mark
                rest = rest.dropFirst(found.count)
            } else {
                result.append(rest[index])
                rest = rest.dropFirst()
            }
        }
        return result + rest
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
