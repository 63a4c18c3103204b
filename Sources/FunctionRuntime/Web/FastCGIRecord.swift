import Base

/// A record of the FastCGI protocol (FastCGI Specification 1.0, section 3.3).
struct FastCGIRecord: Equatable {
    /// The types that a program of the role "responder" receives and sends (section 8).
    enum Kind: UInt8 {
        case beginRequest = 1
        case abortRequest = 2
        case endRequest = 3
        case parameters = 4
        case standardInput = 5
        case standardOutput = 6
        case getValues = 9
        case getValuesResult = 10
        case unknownType = 11
    }

    /// The number of bytes before the content.
    static let headerLength = 8

    /// The number of the type, which may be none of ``Kind``.
    let type: UInt8

    /// The request; 0 for records about the connection.
    let request: UInt16

    let content: [UInt8]

    var kind: Kind? { Kind(rawValue: type) }

    init(_ kind: Kind, request: UInt16, _ content: [UInt8] = []) {
        self.init(type: kind.rawValue, request: request, content: content)
    }

    init(type: UInt8, request: UInt16, content: [UInt8]) {
        self.type = type
        self.request = request
        self.content = content
    }

    /// The record as it is sent, its content at most 65,535 bytes.
    var bytes: [UInt8] {
        let count = UInt16(clamping: content.count)
        return [1, type, UInt8(request >> 8), UInt8(request & 0xFF), UInt8(count >> 8), UInt8(count & 0xFF), 0, 0]
            + content.prefix(Int(count))
    }

    /// The records of an answer: its document in parts, the end of the stream, and the end of the request.
    static func answer(_ document: [UInt8], to request: UInt16) -> [UInt8] {
        output(document, of: request) + FastCGIRecord(.standardOutput, request: request).bytes
            + end(of: request, .complete)
    }

    /// The records of a part of an answer.
    static func output(_ document: [UInt8], of request: UInt16) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(document.count + 64)
        for start in stride(from: 0, to: document.count, by: 65_528) {
            let part = document[start..<min(start + 65_528, document.count)]
            bytes += FastCGIRecord(.standardOutput, request: request, Array(part)).bytes
        }
        return bytes
    }

    /// How a request ended, for the web server (section 5.5).
    enum ProtocolStatus: UInt8 {
        case complete = 0
        case cannotMultiplex = 1
        case unknownRole = 3
    }

    static func end(of request: UInt16, _ status: ProtocolStatus) -> [UInt8] {
        FastCGIRecord(.endRequest, request: request, [0, 0, 0, 0, status.rawValue, 0, 0, 0]).bytes
    }
}

/// Names and values as FastCGI puts them into bytes (section 3.4).
enum FastCGIPairs {
    /// Reads pairs.
    ///
    /// - Returns: The pairs in their order; nil if the bytes end inside of one.
    static func decode(_ bytes: [UInt8]) -> [(name: String, value: String)]? {
        var pairs: [(name: String, value: String)] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let name = length(&rest), let value = length(&rest), name <= rest.count, value <= rest.count - name
            else { return nil }
            let text = String(decoding: rest.prefix(name), as: UTF8.self)
            pairs.append((text, String(decoding: rest.dropFirst(name).prefix(value), as: UTF8.self)))
            rest = rest.dropFirst(name + value)
        }
        return pairs
    }

    /// Writes pairs whose names and values have fewer than 128 bytes.
    static func encode(_ pairs: [(name: String, value: String)]) -> [UInt8] {
        pairs.flatMap { [UInt8($0.name.utf8.count), UInt8($0.value.utf8.count)] + $0.name.utf8 + $0.value.utf8 }
    }

    /// A length: one byte, or four with the highest bit set.
    private static func length(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard let first = rest.popFirst() else { return nil }
        guard first >= 0x80 else { return Int(first) }
        guard rest.count >= 3 else { return nil }
        let low = rest.prefix(3).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(3)
        return Int(first & 0x7F) << 24 | low
    }
}
