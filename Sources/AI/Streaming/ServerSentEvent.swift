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
