import Base

/// Messages of a queue that a platform hands over together, and takes back one by one.
struct MessageBatch: Equatable, Sendable {
    /// The names of all messages.
    private(set) var all: [String] = []

    /// The names of those that are no input.
    private(set) var refused: [String] = []

    /// Whether there is nothing to be done for any of them.
    var isRefused: Bool { refused.count == all.count }

    /// Takes note of a message.
    mutating func add(_ name: String, isInput: Bool) {
        all.append(name)
        if !isInput { refused.append(name) }
    }

    /// What says which messages are to come again: those that are no input, or all if nothing could be done.
    ///
    /// An empty list tells that all are done, so nobody may be asked twice: this is `ReportBatchItemFailures` of Lambda.
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
