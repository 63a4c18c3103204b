public import Base
import Glibc
import System

/// The program with all endpoints as the proxy of OpenWhisk's ActionLoop starts it, with a line for each activation.
public struct ActionLoopProcess: Sendable {
    private let process: LineProcess

    /// Starts the program.
    ///
    /// - Parameters:
    ///   - function: Its variables.
    ///   - more: Further variables, such as the platform's.
    /// - Throws: ``PythonServer/Failure`` if it does not start.
    public init(_ function: TestFunction, _ more: [String: String] = [:]) throws {
        let environment = function.environment.merging(["__OW_PROXY_VERSION": "1"]) { $1 }.merging(more) { $1 }
        let script = #"exec 3>&1 >/dev/null; exec "$0""#
        process = try LineProcess(
            ["/bin/sh", "-c", script, "\(Subprocess.buildFolder)/nofx"],
            environment: environment
        )
    }

    /// Sends a line and returns the answer; empty if the program has ended.
    public func line(_ line: String) -> String {
        process.write(line) ? process.readLine() : ""
    }

    /// Waits for a line that the program writes by itself.
    public func readLine() -> String { process.readLine() }

    /// Sends a line and returns the answer as JSON.
    public func send(_ text: String) throws -> JSONValue {
        try JSONDocument(parsing: Array(line(text).utf8), limits: JSONLimits(bytes: 8 << 20, depth: 40)).root
    }

    /// Ends the input, and waits for the program's end.
    ///
    /// - Returns: The exit status; 128 plus the signal's number if a signal ended the program.
    public func finish() -> Int32 {
        process.endInput()
        return awaitEnd()
    }

    /// Sends SIGTERM, and waits for the program's end.
    ///
    /// - Returns: The exit status, as ``finish()`` does.
    public func terminate() -> Int32 {
        kill(process.child, SIGTERM)
        return awaitEnd()
    }

    private func awaitEnd() -> Int32 {
        var status: Int32 = 0
        unsafe waitpid(process.child, &status, 0)
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
}
