/// Parses a response while libcurl delivers it, and stops the transfer if the response is too large.
struct ResponseCollector {
    /// Far more than real servers send.
    ///
    /// Without a limit a hostile server could send header lines without end.
    private static let maximumHeaderBytes = 256 << 10

    private(set) var isTooLarge = false

    /// Whether the receiver of the pieces stopped the transfer.
    private(set) var isStopped = false

    /// The body, unless it is delivered in pieces.
    private(set) var body: [UInt8] = []

    /// The number of bytes of head and body so far, as they were sent.
    var receivedBytes: Int { headerBytes + bodyBytes }

    /// Whether a byte of the body has arrived.
    var hasBody: Bool { bodyBytes > 0 }

    /// Why the body cannot be decoded, once it has ended; nil if it can be.
    var contentFault: String? { decoder?.fault ?? (hasBody ? decoder?.faultAtEnd : nil) }

    private let maximumBodyBytes: Int
    private let decoding: ContentDecoding
    private var decoder: ContentDecoder?
    private var decodedBytes = 0
    private let pieces: BodyPieces?
    private var takesPieces = false
    private var status: Int?
    private var headers: [(name: String, value: String)] = []
    private var headerBytes = 0
    private var bodyBytes = 0

    /// Whether a header section has begun and not ended.
    ///
    /// If the connection ends there, libcurl reports a complete response.
    private(set) var isInHeader = false

    /// Creates a collector for one request.
    ///
    /// - Parameters:
    ///   - maximumBodyBytes: The largest accepted body in bytes, as it is sent and as it is decoded.
    ///   - decoding: The content codings to decode.
    ///   - pieces: Receives the body in pieces; nil collects the body.
    init(maximumBodyBytes: Int, decoding: ContentDecoding = .none, pieces: BodyPieces? = nil) {
        self.maximumBodyBytes = maximumBodyBytes
        self.decoding = decoding
        self.pieces = pieces
    }

    var head: HTTPHead { HTTPHead(status: status ?? 0, headers: headers) }

    /// The progress of the response; nil before its first byte.
    var phase: HTTPError.Phase? {
        if let status, bodyBytes > 0 { return .body(status: status, bytes: bodyBytes) }
        return headerBytes > 0 ? .head(status: status) : nil
    }

    /// Receives one line of a header section, including its line end.
    ///
    /// An interim response (RFC 9110, section 15.2) has its own section, which the next section replaces. Trailer
    /// fields have no status line and are dropped, because they must not be merged into the header (RFC 9110, section
    /// 6.5.1).
    ///
    /// - Returns: Whether to continue.
    mutating func takeHeader(_ line: some BidirectionalCollection<UInt8>) -> Bool {
        headerBytes += line.count
        guard headerBytes <= Self.maximumHeaderBytes else {
            isTooLarge = true
            return false
        }
        let text = line.trimmingWhiteSpace()
        if text.starts(with: "HTTP/".utf8) {
            headers.removeAll()
            let code = text.drop { $0 != 0x20 }.trimmingWhiteSpace().prefix(3)
            status = Int(String(decoding: code, as: UTF8.self)).flatMap { $0 < 200 ? nil : $0 }
            isInHeader = true
        } else if text.isEmpty, isInHeader {
            isInHeader = false
            openDecoder()
            if status != nil, let pieces { takesPieces = pieces.wants(head) }
        } else if isInHeader {
            takeField(line, text)
        }
        return true
    }

    /// Receives a piece of the body.
    ///
    /// - Returns: Whether to continue.
    mutating func takeBody(_ bytes: some Collection<UInt8>) -> Bool {
        guard bytes.count <= maximumBodyBytes - bodyBytes else {
            isTooLarge = true
            return false
        }
        bodyBytes += bytes.count
        guard decoder != nil else { return deliver(bytes) }
        var rest = Array(bytes)[...]
        // A piece at a time, so that a small body cannot become a large one in memory.
        while let piece = decoder?.next(&rest) {
            guard !piece.isEmpty else { return true }
            guard piece.count <= maximumBodyBytes - decodedBytes else {
                isTooLarge = true
                return false
            }
            decodedBytes += piece.count
            guard deliver(piece) else { return false }
        }
        return false
    }

    private mutating func deliver(_ bytes: some Collection<UInt8>) -> Bool {
        guard takesPieces, let pieces else {
            body.append(contentsOf: bytes)
            return true
        }
        isStopped = !pieces.take(Array(bytes))
        return !isStopped
    }

    /// Prepares to decode the body, if its coding is one to decode.
    private mutating func openDecoder() {
        let codings = headers.filter { $0.name == "content-encoding" }.map(\.value).joined(separator: ",")
        guard status != nil, !codings.isEmpty, let opened = decoding.decoder(codings) else { return }
        decoder = opened
        headers.removeAll { ["content-encoding", "content-length"].contains($0.name) }
    }

    private mutating func takeField(
        _ line: some BidirectionalCollection<UInt8>,
        _ text: some BidirectionalCollection<UInt8>
    ) {
        let isFolded = line.first.map(\.isWhiteSpace) ?? false
        if isFolded, let last = headers.popLast() {
            // RFC 9112, section 5.2: a folded line continues the value of the line above.
            headers.append((last.name, last.value + " " + String(decoding: text, as: UTF8.self)))
        } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: text[..<colon], as: UTF8.self).lowercased()
            let value = text[text.index(after: colon)...].trimmingWhiteSpace()
            headers.append((name, String(decoding: value, as: UTF8.self)))
        }
    }
}

extension BidirectionalCollection<UInt8> {
    fileprivate func trimmingWhiteSpace() -> SubSequence {
        let start = drop(while: \.isWhiteSpace)
        guard let last = start.lastIndex(where: { !$0.isWhiteSpace }) else { return start[start.endIndex...] }
        return start[...last]
    }
}

extension UInt8 {
    fileprivate var isWhiteSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0D || self == 0x0A }
}
