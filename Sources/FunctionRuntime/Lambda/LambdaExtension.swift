import Base
import HTTPClient

extension LambdaRuntimeAPI {
    /// Registers this process as an internal extension without events (Lambda Extensions API, version 2020-01-01).
    ///
    /// Lambda sends SIGTERM to the processes of an environment only if an extension is registered. It waits 500 ms, so
    /// that a process ends in an orderly way.
    ///
    /// - Returns: The code of a thread that waits for events, as Lambda requires, and never gets one; nil if the platform
    ///   does not know extensions.
    mutating func registerExtension() -> (@Sendable () -> Void)? {
        guard let answer = sendRegistration(), answer.status == 200,
            let identifier = answer.header("lambda-extension-identifier")
        else { return nil }
        let request = HTTPRequest(
            .get,
            "\(extensions)/event/next",
            headers: [("Lambda-Extension-Identifier", identifier)],
            usesProxy: false
        )
        return {
            var client = HTTPClient(userAgent: "nofx", connectTimeout: .seconds(1))
            _ = try? client.send(request, deadline: nil)
        }
    }
}
