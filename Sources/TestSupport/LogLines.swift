public import Base
import System

/// Collects log lines.
public final class LogLines: Sendable {
    private let lines = Monitor<[String]>([])

    public init() {}

    /// A log at level debug that writes to this collection.
    public var log: Log {
        Log(level: .debug, function: "test") { line in
            self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }

    /// The logged lines.
    public var all: [String] { lines.withLock { $0 } }

    /// The lines that contain a text.
    public func containing(_ text: String) -> [String] {
        all.filter { $0.contains(text) }
    }
}
