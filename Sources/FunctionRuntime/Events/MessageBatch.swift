import Base

/// A batch of queue messages that a platform delivers together.
///
/// The response lists the failed messages.
struct MessageBatch: Equatable, Sendable {
    /// The identifiers of all messages.
    private(set) var all: [String] = []

    /// The identifiers of the messages that are not valid inputs.
    private(set) var refused: [String] = []

    /// Whether no message is a valid input.
    var isRefused: Bool { refused.count == all.count }

    /// Whether a message was not a valid input.
    var hasRefused: Bool { !refused.isEmpty }

    /// Adds a message.
    mutating func add(_ name: String, isInput: Bool) {
        all.append(name)
        if !isInput { refused.append(name) }
    }

    /// The identifiers of the messages to redeliver: the invalid ones, or all of them if the call failed.
    ///
    /// An empty list means that all messages succeeded. The format is Lambda's `ReportBatchItemFailures`.
    func answer(hasFailed: Bool) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("batchItemFailures", (hasFailed ? all : refused).map(Failure.init))
        }
        return json.bytes
    }

    private struct Failure: JSONEncodable {
        let name: String

        func encode(to json: inout JSONWriter) {
            json.object { $0.member("itemIdentifier", name) }
        }
    }
}
