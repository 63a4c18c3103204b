/// A SQL statement that sends its interpolated values as parameters, never as part of the SQL text.
///
/// ```swift
/// try transaction.run("DELETE FROM teams WHERE id = \(id)")  // DELETE FROM teams WHERE id = $1
/// ```
///
/// The text comes only from literals: neither a `String` nor a computed value converts to it, so a value cannot become
/// SQL. The Swift type of a value selects the Postgres type of its parameter. If the statement needs another type, it
/// casts: `\(kind)::nofx.run_kind`.
public struct Query: ExpressibleByStringInterpolation, Sendable {
    let text: Text
    let parameters: Parameters

    /// Creates a statement without values.
    public init(stringLiteral sql: StaticString) {
        text = .literal(sql)
        parameters = Parameters()
    }

    /// Creates a statement with values.
    public init(stringInterpolation: StringInterpolation) {
        // C strings end with a zero byte.
        text = .built(stringInterpolation.text + CollectionOfOne(0))
        parameters = stringInterpolation.parameters
    }

    /// Collects the parts of a statement.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text: [UInt8] = []
        fileprivate var parameters = Parameters()

        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 4 * interpolationCount + 1)
            parameters.reserve(interpolationCount)
        }

        /// Appends SQL text.
        public mutating func appendLiteral(_ literal: StaticString) {
            literal.withUTF8Buffer { text.append(contentsOf: $0) }
        }

        /// Binds a value; nil is NULL.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            parameters.append(value, at: text.count)
            appendPlaceholder()
        }

        /// Appends a part of a statement with its values: a CTE or a condition that several statements share.
        ///
        /// The values are renumbered to match their order in the whole statement.
        public mutating func appendInterpolation(fragment: Query) {
            switch fragment.text {
            case .literal(let literal): appendLiteral(literal)
            case .built(let bytes):
                var position = 0
                for (index, entry) in fragment.parameters.entries.enumerated() {
                    text += bytes[position..<entry.place]
                    position = entry.place + 1 + String(index + 1).utf8.count
                    parameters.append(entry, of: fragment.parameters, at: text.count)
                    appendPlaceholder()
                }
                text += bytes[position...].dropLast()
            }
        }

        private mutating func appendPlaceholder() {
            text.append(UInt8(ascii: "$"))
            text.append(decimal: parameters.count)
        }

        /// Appends SQL text that several statements share, such as a list of columns.
        ///
        /// - Parameter fragment: A constant of the program, because a `StaticString` cannot be computed.
        public mutating func appendInterpolation(sql fragment: StaticString) {
            appendLiteral(fragment)
        }
    }
}

extension Query {
    /// SQL text: either a literal in the program's constant data, or bytes with a zero at the end.
    enum Text: Sendable {
        case literal(StaticString)
        case built([UInt8])
    }

    /// The statement's text with the placeholders `$1`, `$2` …, for logs.
    var sql: String {
        switch text {
        case .literal(let literal): literal.description
        case .built(let bytes): String(decoding: bytes.dropLast(), as: UTF8.self)
        }
    }

    /// Whether the statement is within the protocol's limits: 65,535 values of less than 1 GiB each.
    var fitsProtocol: Bool {
        parameters.count <= 65_535 && parameters.entries.allSatisfy { $0.length < 1 << 30 }
    }

    /// Passes the statement to `body` as a C string.
    func withSQL<Result>(_ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        switch text {
        case .literal(let literal):
            literal.withUTF8Buffer { body(UnsafeRawPointer($0.baseAddress)?.assumingMemoryBound(to: CChar.self)) }
        case .built(let bytes):
            bytes.withUnsafeBytes { body($0.baseAddress?.assumingMemoryBound(to: CChar.self)) }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(decimal value: Int) {
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") + UInt8(value % 10))
    }
}
