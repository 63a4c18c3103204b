import Base
import System

/// Collects log lines.
final class LogLines: Sendable {
    private let lines = Monitor<[String]>([])

    var log: Log {
        Log(level: .debug, function: "test") { line in
            self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }

    func all() -> [String] {
        lines.withLock { $0 }
    }
}
