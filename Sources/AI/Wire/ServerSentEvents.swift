/// Reads an event stream (HTML Standard, section 9.2.6) whose bytes come in pieces of any size.
///
/// Reconnecting is nobody's business here, so `retry` is passed over like any unknown field.
///
/// ```swift
/// var events = ServerSentEvents()
/// for event in try events.take(piece) { … }
/// if events.isInEvent { … }  // The stream ended in the middle of one.
/// ```
struct ServerSentEvents: Sendable {
    /// An event is larger than a reader takes.
    struct TooLarge: Error, Equatable {
        /// The largest size taken, in bytes.
        let limit: Int
    }

    private static let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))

    private let maximumEventBytes: Int
    private var event = ""
    private var data: [UInt8] = []
    private var hasData = false
    private var id = ""

    /// The line that has not ended yet.
    private var line: [UInt8] = []

    /// How many bytes of the event have come, lines that mean nothing included.
    private var eventBytes = 0

    /// A line feed right after a carriage return ends no line of its own.
    private var endedInCarriageReturn = false
    private var isFirstLine = true

    /// Makes a reader.
    ///
    /// - Parameter maximumEventBytes: How large one event may be, from the end of the one before to its own.
    init(maximumEventBytes: Int = 4 << 20) {
        self.maximumEventBytes = maximumEventBytes
    }

    /// Whether something has come that no blank line has ended: by the standard it is dropped at the stream's end.
    ///
    /// Comments, ids and what else carries no data do not count.
    var isInEvent: Bool {
        hasData || !event.isEmpty || !line.isEmpty && line.first != UInt8(ascii: ":")
    }

    /// Takes the next bytes of the stream.
    ///
    /// - Parameter bytes: A piece, cut anywhere.
    /// - Returns: The events that it completes.
    /// - Throws: ``TooLarge``; nothing can be read after it.
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

    /// Ends the stream as if a blank line had come, for servers that leave out the last one.
    ///
    /// - Returns: The event that was not ended, if there was one.
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
    /// What kind it is; empty where the stream does not say, which stands for `message`.
    let event: String

    /// What it carries, its lines joined by line feeds; whether that is UTF-8 is for its reader to see.
    let data: [UInt8]

    /// The last id that the stream had given when the event came; empty where it gave none.
    let id: String

    /// What it carries as text.
    var text: String { String(decoding: data, as: UTF8.self) }
}
