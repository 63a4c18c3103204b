import TestSupport
import Testing

@testable import AI

/// Event streams as the HTML Standard, section 9.2.6, defines them, with its examples.
struct ServerSentEventsTests {
    /// Makes an event.
    private func event(_ data: String, _ event: String = "", id: String = "") -> ServerSentEvent {
        ServerSentEvent(event: event, data: Array(data.utf8), id: id)
    }

    private func read(_ stream: some Sequence<UInt8>) throws -> [ServerSentEvent] {
        var events = ServerSentEvents()
        return try events.take(stream)
    }

    @Test func `an event has a type, data and an id`() throws {
        let stream = "event: message_start\ndata: {\"type\":\"message_start\"}\nid: 7\n\ndata: [DONE]\n\n"

        #expect(
            try read(stream.utf8) == [
                event(#"{"type":"message_start"}"#, "message_start", id: "7"), event("[DONE]", id: "7"),
            ]
        )
    }

    @Test func `lines of data are joined by line feeds`() throws {
        #expect(try read("data: YHOO\ndata: +2\ndata: 10\n\n".utf8) == [event("YHOO\n+2\n10")])
        #expect(try read("data\n\ndata\ndata\n\ndata:\n\n".utf8) == [event(""), event("\n"), event("")])
    }

    @Test func `one space after the colon is not part of the value, but a second one is`() throws {
        #expect(
            try read("data:test\n\ndata: test\n\ndata:  test\n\n".utf8) == ["test", "test", " test"].map { event($0) }
        )
        #expect(try read("data: a: b:c\n\n".utf8) == [event("a: b:c")])
    }

    @Test func `comments, unknown fields and events without data are ignored`() throws {
        #expect(
            try read(": ping\n\nretry: 10\nfoo: bar\nfoo\n\nevent: ping\n\ndata: x\n:\nevent\n\n".utf8) == [event("x")]
        )
        #expect(try read("event: a\n\ndata: x\n\n".utf8) == [event("x")], "the kind is the dropped event's alone")
    }

    @Test func `the last event type counts, and field names are case-sensitive`() throws {
        #expect(try read("event: a\nevent: b\ndata: x\nData: y\nDATA: z\n data: w\n\n".utf8) == [event("x", "b")])
    }

    @Test func `an id persists until the next one, an empty id clears it, and an id with NUL is ignored`() throws {
        #expect(
            try read("id: 1\ndata: a\n\ndata: b\n\nid: 2\0\ndata: c\n\nid\ndata: d\n\n".utf8) == [
                event("a", id: "1"), event("b", id: "1"), event("c", id: "1"), event("d"),
            ]
        )
    }

    @Test(arguments: ["\n", "\r", "\r\n"])
    func `a line ends with LF, CR or CRLF`(end: String) throws {
        let stream = ["event: a", "data: 1", "data: 2", "", ": c", "data: 3", "", ""].joined(separator: end)

        #expect(try read(stream.utf8) == [event("1\n2", "a"), event("3")])
    }

    @Test func `different line endings may be mixed`() throws {
        #expect(
            try read("data: 1\r\ndata: 2\rdata: 3\n\r\ndata: 4\n\rdata: 5\r\r".utf8) == [
                event("1\n2\n3"), event("4"), event("5"),
            ]
        )
    }

    @Test func `an event is complete at its blank line, before a line feed that may follow a carriage return`() throws {
        var events = ServerSentEvents()

        #expect(try events.take("data: 1\r\n\r".utf8) == [event("1")])
        #expect(try events.take("\ndata: 2\n".utf8).isEmpty)
        #expect(try events.take("\n".utf8) == [event("2")])
    }

    @Test func `a byte order mark is ignored only at the start`() throws {
        let stream = "\u{FEFF}data: 1\n\n\u{FEFF}data: 2\n\ndata: \u{FEFF}3\n\n"

        #expect(try read(stream.utf8) == [event("1"), event("\u{FEFF}3")])
    }

    @Test func `bytes that are not UTF-8 are passed on unchanged`() throws {
        let events = try read(Array("data: ".utf8) + [0xFF, 0xC3] + Array("\n\n".utf8))

        #expect(events.map(\.data) == [[0xFF, 0xC3]])
        #expect(events.map(\.text) == ["\u{FFFD}\u{FFFD}"])
    }

    @Test(
        arguments: [
            ("", false), ("data: 1\n\n", false), ("data: 1\n\n\n\n", false), (": ping", false), (": ping\n", false),
            ("id: 4\n", false), ("data: 1\n", true), ("data: 1", true), ("event: a\n", true), ("da", true),
            ("data: 1\n\ndata", true),
        ]
    )
    func `an unterminated event is dropped and reported`(stream: String, isInEvent: Bool) throws {
        var events = ServerSentEvents()
        let whole = try events.take(stream.utf8)

        #expect(whole == (stream.hasPrefix("data: 1\n\n") ? [event("1")] : []))
        #expect(events.isInEvent == isInEvent)
    }

    @Test func `finish returns an event without its blank line`() throws {
        for stream in ["event: a\ndata: 1\ndata: 2", "event: a\ndata: 1\ndata: 2\n", "event: a\rdata: 1\rdata: 2\r"] {
            var events = ServerSentEvents()
            #expect(try events.take(stream.utf8).isEmpty)
            #expect(events.finish() == event("1\n2", "a"))
            #expect(!events.isInEvent)
            #expect(events.finish() == nil)
        }
        var none = ServerSentEvents()
        _ = try none.take("data: 1\n\nevent: a\n".utf8)
        #expect(none.finish() == nil)
    }

    @Test func `an event may be as large as the limit`() throws {
        var events = ServerSentEvents(maximumEventBytes: 10)
        for _ in 0..<3 { #expect(try events.take("data: 1234\r\n\r\n".utf8) == [event("1234")]) }
        #expect(throws: ServerSentEvents.TooLarge(limit: 10)) { try events.take("data: 12345".utf8) }

        var comments = ServerSentEvents(maximumEventBytes: 10)
        for _ in 0..<100 { #expect(try comments.take(": ping\n\n".utf8).isEmpty) }
        #expect(throws: ServerSentEvents.TooLarge(limit: 10)) { try comments.take(": a\n: b\n: c\n: d\n".utf8) }
    }

    // MARK: - Pieces

    private static let streams = [
        "\u{FEFF}event: é\r\ndata: ü€😀\r\ndata:\r\n\r\n: c\r\rid: ß\ndata: 1\n\nretry: 3\n\rdata: a\n\ndata: left",
        "data: {\"delta\":{\"text\":\"日本語\"}}\n\nevent: message_stop\ndata: {}\n\ndata: [DONE]\n\n",
    ]

    // Cases: ai 47
    @Test(arguments: streams)
    func `the positions of the cuts do not change the events`(stream: String) throws {
        let bytes = Array(stream.utf8)
        let expected = try read(bytes)
        #expect(expected.count == 3)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                var events = ServerSentEvents()
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
                #expect(try pieces.flatMap { try events.take($0) } == expected)
                #expect(events.isInEvent == stream.hasSuffix("left"))
            }
        }
    }

    @Test func `random bytes give the same events at any cuts`() throws {
        var random = SeededGenerator(seed: 47)
        let alphabet = Array("data:event:id:\r\n\n\r: \0x".utf8) + [0xEF, 0xBB, 0xBF, 0xC3, 0xFF]
        var seen = 0
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...120, using: &random)).flatMap { _ in
                Bool.random(using: &random)
                    ? [alphabet.randomElement(using: &random) ?? 0]
                    : Array(
                        ["data: ", "\n\n", "\r\n\r\n", "event:", "id: "].randomElement(using: &random)?.utf8 ?? "".utf8
                    )
            }
            var (whole, cut) = (ServerSentEvents(), ServerSentEvents())
            let expected = try whole.take(bytes)
            var got: [ServerSentEvent] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...9, using: &random))
                rest = rest.dropFirst(piece.count)
                got += try cut.take(piece)
            }
            #expect(got == expected)
            #expect(cut.finish() == whole.finish())
            seen += expected.count
        }
        #expect(seen > 1_000)
    }
}
