import System

/// The place of a call in a trace: which trace it belongs to, and under which span its own spans are (W3C Trace Context).
public struct TraceContext: Hashable, Sendable {
    /// The identifier of the trace: 32 lower-case hexadecimal digits, not all zero.
    public let traceID: String

    /// The identifier of a span: 16 lower-case hexadecimal digits; nil if only the trace is known.
    public let spanID: String?

    /// Whether the spans of the trace are recorded; nil if the caller left the decision open.
    public let isSampled: Bool?

    /// What systems for tracing add for each other (W3C Trace Context, section 3.3); empty if there is nothing.
    public let state: String

    /// Makes a context from parts that are known to be valid.
    init(traceID: String, spanID: String?, isSampled: Bool?, state: String = "") {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.state = state
    }

    /// Reads the header `traceparent` (W3C Trace Context, section 3.2); nil if it is malformed.
    ///
    /// - Parameters:
    ///   - traceparent: The value of the header.
    ///   - state: The value of the header `tracestate`; dropped if it is not valid.
    public init?(traceparent: String, state: String? = nil) {
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        // A later version may have more parts.
        guard parts.count == 4 || parts.count > 4 && parts[0] != "00", parts[0].isLowercaseHexadecimal(2),
            parts[0] != "ff", parts[1].isIdentifier(32), parts[2].isIdentifier(16), parts[3].isLowercaseHexadecimal(2),
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        let isKept = state?.utf8.count ?? 0 <= 512 && state?.utf8.allSatisfy { (0x20...0x7E).contains($0) } != false
        self.init(
            traceID: String(parts[1]),
            spanID: String(parts[2]),
            isSampled: flags & 1 == 1,
            state: isKept ? state ?? "" : ""
        )
    }

    /// Reads the header `X-Amzn-Trace-Id` of AWS X-Ray, `Root=1-8hex-24hex;Parent=16hex;Sampled=1`.
    ///
    /// - Returns: Nil if the header has no root.
    public init?(xray header: String) {
        var (root, parent, isSampled) = (nil as String?, nil as String?, nil as Bool?)
        for field in header.split(separator: ";") {
            let field = field.drop { $0 == " " }
            if let id = field.value(of: "Root") {
                let parts = id.split(separator: "-", omittingEmptySubsequences: false)
                guard parts.count == 3, parts[0] == "1", parts[1].utf8.count == 8 else { continue }
                let joined = parts[1] + parts[2]
                if root == nil, joined.isIdentifier(32) { root = String(joined) }
            } else if let id = field.value(of: "Parent") {
                parent = id.isIdentifier(16) ? String(id) : nil
            } else if let flag = field.value(of: "Sampled") {
                isSampled = flag == "1" ? true : flag == "0" ? false : nil
            }
        }
        guard let root else { return nil }
        self.init(traceID: root, spanID: parent, isSampled: isSampled)
    }

    /// Reads a context that ``stored`` wrote.
    public init?(stored: String) {
        let parts = stored.split(separator: " ", maxSplits: 1)
        guard let traceparent = parts.first else { return nil }
        self.init(traceparent: String(traceparent), state: parts.count > 1 ? String(parts[1]) : nil)
    }

    /// A new trace, without a span.
    static func newTrace() -> TraceContext {
        TraceContext(traceID: .newIdentifier(bytes: 16), spanID: nil, isSampled: nil)
    }

    /// The context below a new span.
    func child(isSampled: Bool) -> TraceContext {
        TraceContext(traceID: traceID, spanID: .newIdentifier(bytes: 8), isSampled: isSampled, state: state)
    }
}

extension TraceContext {
    /// The value of the header `traceparent`; nil without a span.
    public var traceparent: String? {
        spanID.map { "00-\(traceID)-\($0)-\(isSampled == true ? "01" : "00")" }
    }

    /// The header fields that continue the trace at a server of another party.
    ///
    /// `tracestate` is left out: it may tell the other party how the operator's systems work.
    public var headers: [(name: String, value: String)] {
        guard let traceparent, let spanID else { return [] }
        let root = "Root=1-\(traceID.prefix(8))-\(traceID.dropFirst(8))"
        return [
            ("traceparent", traceparent),
            ("X-Amzn-Trace-Id", "\(root);Parent=\(spanID);Sampled=\(isSampled == true ? 1 : 0)"),
        ]
    }

    /// The header fields that continue the trace at a server that the operator chose.
    public var trustedHeaders: [(name: String, value: String)] {
        state.isEmpty || spanID == nil ? headers : headers + [("tracestate", state)]
    }

    /// The context as a text for the database: `traceparent`, and after a space `tracestate`, if there is one.
    public var stored: String? {
        traceparent.map { state.isEmpty ? $0 : "\($0) \(state)" }
    }
}

extension String {
    /// A random identifier in lower-case hexadecimal digits, not zero.
    fileprivate static func newIdentifier(bytes count: Int) -> String {
        var bytes = SecureRandom.bytes(count)
        if bytes.allSatisfy({ $0 == 0 }) { bytes[0] = 1 }
        return Hexadecimal.encode(bytes)
    }
}

extension Substring {
    fileprivate func isLowercaseHexadecimal(_ count: Int) -> Bool {
        utf8.count == count && utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    fileprivate func isIdentifier(_ count: Int) -> Bool {
        isLowercaseHexadecimal(count) && contains { $0 != "0" }
    }

    /// The text after `name=`; nil if the text does not begin with it.
    fileprivate func value(of name: String) -> Substring? {
        utf8.starts(with: "\(name)=".utf8) ? dropFirst(name.count + 1) : nil
    }
}
