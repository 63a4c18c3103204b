public import Base
import System

/// Waits for an effect of another thread, process or session.
///
/// No test sleeps for a fixed time: the time would be too short on a busy machine and too long on an idle one.
public enum Poll {
    /// The condition did not hold in time.
    public struct TimedOut: Error, CustomStringConvertible {
        public let description: String
    }

    /// Checks every few milliseconds until a condition holds.
    ///
    /// - Parameters:
    ///   - deadline: When to stop waiting.
    ///   - file: The file of the waiting test.
    ///   - line: Its line.
    ///   - condition: What to wait for.
    /// - Throws: ``TimedOut`` after the deadline, or the error of the condition.
    public static func until(
        by deadline: Deadline = .test,
        file: String = #fileID,
        line: Int = #line,
        _ condition: () throws -> Bool
    ) throws {
        while try !condition() {
            guard !deadline.hasPassed else { throw TimedOut(description: "the wait at \(file):\(line) timed out") }
            SystemClock.sleep(nanoseconds: 3_000_000)
        }
    }
}
