public import Base
import System

/// Keeps what is logged.
public final class LogLines: Sendable {
    private let lines = Monitor<[String]>([])

    /// Makes an empty collection.
    public init() {}

    /// A log that writes here, at every level.
    public var log: Log {
        Log(level: .debug, function: "test") { line in
            self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }

    /// What was logged, a line each.
    public var all: [String] { lines.withLock { $0 } }

    /// The lines with a text in them.
    public func containing(_ text: String) -> [String] {
        all.filter { $0.contains(text) }
    }
}
