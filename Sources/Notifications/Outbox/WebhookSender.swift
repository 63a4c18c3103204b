import Base
import Core
import HTTPClient
import System
import Reliability

/// Posts messages to webhooks, signed as Standard Webhooks 1.0 says.
///
/// Only to addresses that everybody can reach, and to those that `NOFX_HTTP_ALLOW` names: a team chooses the URL.
struct WebhookSender: ~Copyable {
    private static var patience: Duration { .seconds(15) }
    // How much a receiver may say that nobody reads, so that the connection can be kept.
    private static var largestAnswer: Int { 16 << 10 }
    private static var longestPause: Duration { .seconds(86_400) }

    private let key: WebhookKey
    private var client: HTTPClient

    /// Makes a sender that has no connection yet.
    ///
    /// - Throws: `ConfigurationError`.
    init(_ key: WebhookKey, _ environment: Environment) throws(ConfigurationError) {
        self.key = key
        client = HTTPClient(
            userAgent: "nofx",
            egress: try EgressPolicy(environment)
        )
    }

    /// Sends a message, once.
    ///
    /// Any 2xx is an arrival. Everything else may pass, as receivers are redeployed and misconfigured, but for 410.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - row: Whose it is; its id is the message's, however often it is sent.
    ///   - deadline: When to give up, if that is before the receiver's own time is over.
    /// - Returns: How it was taken.
    mutating func send(_ message: WebhookMessage, of row: OutboxRow, deadline: Deadline) -> WebhookAttempt {
        let end = Deadline.after(Self.patience)
        let (head, error) = post(message, id: row.id.description, deadline: min(deadline, end))
        let duration = Self.patience - end.remaining
        guard let head else {
            let reason = error?.description ?? "no answer"
            return WebhookAttempt(outcome: row.outcome(ofPassingFailure: reason), duration: duration)
        }
        let reason = "the receiver answered \(head.status)"
        switch head.status {
        case 200..<300:
            return WebhookAttempt(outcome: .delivered, duration: duration)
        case 410:
            return WebhookAttempt(outcome: .dead(reason: reason), duration: duration, isGone: true)
        default:
            let pause = min(RetryAfter(header: head.header)?.delay ?? .zero, Self.longestPause)
            let outcome = row.outcome(ofPassingFailure: reason, notBefore: pause)
            return WebhookAttempt(outcome: outcome, duration: duration, pause: pause)
        }
    }

    private mutating func post(
        _ message: WebhookMessage,
        id: String,
        deadline: Deadline
    ) -> (HTTPHead?, HTTPError?) {
        let timestamp = "\(Timestamp.now().secondsSince1970)"
        let signature = key.secret(of: message.webhook).signature(id: id, timestamp: timestamp, body: message.body)
        let request = HTTPRequest(
            .post,
            message.url,
            headers: [
                ("Content-Type", "application/json"), ("webhook-id", id), ("webhook-timestamp", timestamp),
                ("webhook-signature", signature),
            ],
            body: message.body,
            idleLimit: .seconds(2)
        )
        var (head, received) = (nil as HTTPHead?, 0)
        do throws(HTTPError) {
            _ = try client.stream(request, deadline: deadline) {
                head = $0
                return true
            } onBody: {
                received += $0.count
                return received < Self.largestAnswer
            }
            return (head, nil)
        } catch {
            // Whatever became of the rest, the status is what was asked for.
            return (head, error)
        }
    }
}
