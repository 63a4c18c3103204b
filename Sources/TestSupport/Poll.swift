public import Base
import System

/// Waits for what another thread, process or session brings about.
///
/// No test sleeps for a fixed time: it would be too short on a busy machine and too long on an idle one.
public enum Poll {
    /// The condition did not hold in time.
    public struct TimedOut: Error, CustomStringConvertible {
        public let description: String
    }

    /// Looks every few milliseconds until a condition holds.
    ///
    /// - Parameters:
    ///   - deadline: When to give up.
    ///   - file: Where the test is that waits.
    ///   - line: Its line.
    ///   - condition: What to wait for.
    /// - Throws: ``TimedOut`` after the deadline, or what the condition throws.
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
