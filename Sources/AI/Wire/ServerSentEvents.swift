/// Decodes an event stream (HTML Standard, section 9.2.6) from pieces of any size.
///
/// The client never reconnects, so the decoder ignores `retry` like an unknown field.
///
/// ```swift
/// var events = ServerSentEvents()
/// for event in try events.take(piece) { … }
/// if events.isInEvent { … }  // The stream ended in the middle of one.
/// ```
struct ServerSentEvents: Sendable {
    /// An event exceeds the size limit.
    struct TooLarge: Error, Equatable {
        /// The largest event, in bytes.
        let limit: Int
    }

    private static let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))

    private let maximumEventBytes: Int
    private var event = ""
    private var data: [UInt8] = []
    private var hasData = false
    private var id = ""

    /// The line that is not complete yet.
    private var line: [UInt8] = []

    /// The bytes of the event so far, ignored lines included.
    private var eventBytes = 0

    /// A line feed that follows a carriage return does not end another line.
    private var endedInCarriageReturn = false
    private var isFirstLine = true

    /// Makes a decoder.
    ///
    /// - Parameter maximumEventBytes: The largest event, in bytes from the end of the previous event.
    init(maximumEventBytes: Int = 4 << 20) {
        self.maximumEventBytes = maximumEventBytes
    }

    /// Whether there is data that no blank line has ended; the standard drops it at the end of the stream.
    ///
    /// Comments, ids and other lines without data do not count.
    var isInEvent: Bool {
        hasData || !event.isEmpty || !line.isEmpty && line.first != UInt8(ascii: ":")
    }

    /// Whether a text begins like an event stream, whatever its content type says.
    static func begin(_ bytes: [UInt8]) -> Bool { mayBegin(bytes) == true }

    /// Whether a text begins like an event stream; nil while it is too short to tell.
    static func mayBegin(_ bytes: [UInt8]) -> Bool? {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let start = bytes.starts(with: mark) ? bytes.dropFirst(3) : bytes[...]
        let text = start.drop { $0 == Self.lineFeed || $0 == Self.carriageReturn }
        let words = ["data:", "event:", "id:", "retry:", ":"]
        if words.contains(where: { text.starts(with: $0.utf8) }) { return true }
        let isShort = mark.starts(with: bytes) || words.contains { $0.utf8.starts(with: text) }
        return isShort ? nil : false
    }

    /// Decodes the next bytes of the stream.
    ///
    /// - Parameter bytes: A piece of the stream, cut anywhere.
    /// - Returns: The events that the piece completes.
    /// - Throws: ``TooLarge``; the decoder cannot be used after that.
    mutating func take(_ bytes: some Sequence<UInt8>) throws(TooLarge) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let isRestOfLineEnd = endedInCarriageReturn && byte == Self.lineFeed
            endedInCarriageReturn = byte == Self.carriageReturn
            if isRestOfLineEnd { continue }
            guard byte == Self.lineFeed || byte == Self.carriageReturn else {
                eventBytes += 1
                guard eventBytes <= maximumEventBytes else { throw TooLarge(limit: maximumEventBytes) }
                line.append(byte)
                continue
            }
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    /// Ends the stream as if a blank line had followed, for servers that omit the last one.
    ///
    /// - Returns: The incomplete event; nil if there was none.
    mutating func finish() -> ServerSentEvent? {
        if !line.isEmpty { _ = endLine() }
        return endLine()
    }

    private mutating func endLine() -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return dispatch() }
        takeField()
        return nil
    }

    private mutating func dispatch() -> ServerSentEvent? {
        defer { (event, data, hasData, eventBytes) = ("", [], false, 0) }
        return hasData ? ServerSentEvent(event: event, data: data, id: id) : nil
    }

    private mutating func takeField() {
        let colon = line.firstIndex(of: UInt8(ascii: ":"))
        var value = line[(colon.map { $0 + 1 } ?? line.endIndex)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<(colon ?? line.endIndex)], as: UTF8.self) {
        case "data":
            if hasData { data.append(Self.lineFeed) }
            hasData = true
            data += value
        case "event": event = String(decoding: value, as: UTF8.self)
        case "id" where !value.contains(0): id = String(decoding: value, as: UTF8.self)
        default: break
        }
    }
}

/// One event of a stream (HTML Standard, section 9.2).
struct ServerSentEvent: Equatable, Sendable {
    /// The event type; empty if the stream names none, which means `message`.
    let event: String

    /// The data lines, joined by line feeds; not necessarily valid UTF-8.
    let data: [UInt8]

    /// The last event id of the stream at that point; empty if there was none.
    let id: String

    /// The data as text.
    var text: String { String(decoding: data, as: UTF8.self) }
}
