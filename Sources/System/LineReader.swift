/// Reads lines from a pipe or a file, one after the other.
public struct LineReader: ~Copyable {
    /// What ``next(limit:)`` read.
    public enum Line: Equatable, Sendable {
        /// A line, without its line feed.
        case line([UInt8])
        /// A line that exceeds the limit. It was read to its end and discarded.
        case tooLong
        /// The end of the input. A line that was cut off there is discarded.
        case end
    }

    private let descriptor: FileDescriptor

    /// The bytes that were read and not yet returned.
    private var rest: [UInt8] = []

    /// Creates a reader; nothing is read yet.
    ///
    /// - Parameter descriptor: The input. No other code may read from it.
    public init(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Waits for the next line.
    ///
    /// - Parameter limit: The most bytes of a line to keep.
    /// - Returns: The line, or the end of the input.
    /// - Throws: ``SystemError`` if reading fails.
    public mutating func next(limit: Int) throws(SystemError) -> Line {
        var isTooLong = false
        var searched = 0
        while true {
            if let end = rest[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(rest[..<end])
                rest.removeFirst(end + 1)
                return isTooLong || line.count > limit ? .tooLong : .line(line)
            }
            searched = rest.count
            if searched > limit {
                isTooLong = true
                (rest, searched) = ([], 0)
            }
            let chunk = try descriptor.readSome(max(4_096, min(65_536, rest.count)))
            if chunk.isEmpty { return .end }
            rest += chunk
        }
    }
}
