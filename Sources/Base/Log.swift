import System

/// Writes log events as JSON, one object a line.
public struct Log: Sendable {
    /// The severity of an event.
    public enum Level: String, Comparable, Sendable, CaseIterable {
        case debug, info, warning, error

        public static func < (left: Level, right: Level) -> Bool {
            left.rank < right.rank
        }

        private var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warning: 2
            case .error: 3
            }
        }
    }

    private var level: Level
    private let sink: @Sendable ([UInt8]) -> Void

    /// The encoded members that every line contains.
    private var context = JSONWriter(reserving: 128)

    /// The trace of the call whose events are written.
    public var trace = Trace.none

    /// Creates a log.
    ///
    /// - Parameters:
    ///   - level: The lowest level that is written.
    ///   - function: The name of the endpoint.
    ///   - sink: Receives each line with its line feed. The default is standard error; tests use their own.
    public init(level: Level, function: String, sink: @escaping @Sendable ([UInt8]) -> Void = Log.standardError) {
        self.level = level
        self.sink = sink
        add("function", function)
    }

    /// The same log at another level.
    public func at(_ level: Level) -> Log {
        var log = self
        log.level = level
        return log
    }

    /// Adds a member to every later line.
    public mutating func add(_ name: String, _ value: String) {
        context.member(name, value)
    }

    /// Logs details for developers.
    public func debug(_ message: String, _ fields: KeyValuePairs<String, any JSONEncodable> = [:]) {
        write(.debug, message, fields)
    }

    /// Logs an event of normal operation.
    public func info(_ message: String, _ fields: KeyValuePairs<String, any JSONEncodable> = [:]) {
        write(.info, message, fields)
    }

    /// Logs a problem that the program handled.
    public func warning(_ message: String, _ fields: KeyValuePairs<String, any JSONEncodable> = [:]) {
        write(.warning, message, fields)
    }

    /// Logs an error that made a call fail.
    public func error(_ message: String, _ fields: KeyValuePairs<String, any JSONEncodable> = [:]) {
        write(.error, message, fields)
    }

    /// Writes a line to standard error.
    ///
    /// A write error is ignored.
    public static let standardError: @Sendable ([UInt8]) -> Void = { line in
        try? FileDescriptor.standardError.write(line)
    }

    private func write(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, any JSONEncodable>) {
        guard level >= self.level else { return }
        var json = JSONWriter()
        json.object { json in
            json.member("time", Timestamp.now())
            json.member("level", level.rawValue)
            json.member("message", message)
            json.raw(context.bytes)
            for (name, value) in fields { json.member(name, value) }
        }
        sink(json.bytes + [UInt8(ascii: "\n")])
    }
}
