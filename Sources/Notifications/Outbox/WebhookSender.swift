import Base
import Core
import HTTPClient
import Reliability
import System
import Teams

/// A message to a webhook about an event.
struct WebhookMessage {
    /// The id of the job, which is the message's however often it is sent.
    let id: UUID
    let webhook: ID<Webhook>
    let team: ID<Team>
    let url: String
    /// The bytes that are sent, the same at each attempt.
    let body: [UInt8]
    let attempt: Int
    /// The place in the trace of the call that started the run.
    var trace: TraceContext?
}

/// The outcome of one attempt to send a message.
struct WebhookAttempt {
    let outcome: DeliveryOutcome
    let duration: Duration
    /// The wait that the receiver asks for.
    var pause = Duration.zero
    /// Whether the receiver is gone for good (RFC 9110, section 15.5.11).
    var isGone = false
    /// What the team is told of a failure, where the operator learns more.
    var shownReason: String?

    /// How long the webhook rests after a delivery: a slow receiver gets a quarter of a deliverer's time.
    var rest: Duration { duration < .seconds(1) ? .zero : duration * 3 }
}

/// Posts messages to webhooks, signed as Standard Webhooks 1.0 says.
///
/// It connects only to public addresses and to those that `NOFX_HTTP_ALLOW` lists, because a team chooses the URL.
struct WebhookSender: ~Copyable {
    private static var patience: Duration { .seconds(15) }
    // How much of an answer is read and ignored, so that the connection can be kept.
    private static var largestAnswer: Int { 16 << 10 }
    private static var longestPause: Duration { .seconds(86_400) }

    private let key: WebhookKey
    private let trace: Trace
    private var client: HTTPClient

    /// Makes a sender that has no connection yet.
    ///
    /// - Throws: `ConfigurationError`.
    init(_ key: WebhookKey, _ environment: Environment, trace: Trace = .none) throws(ConfigurationError) {
        self.key = key
        self.trace = trace
        client = HTTPClient(
            userAgent: "nofx",
            egress: try EgressPolicy(environment)
        )
    }

    /// Sends a message, once.
    ///
    /// A 2xx status is a delivery. All other failures but 410 are transient, as receivers are redeployed and
    /// misconfigured.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - deadline: When to give up, if that is before the receiver's own time is over.
    /// - Returns: The outcome.
    mutating func send(_ message: WebhookMessage, deadline: Deadline) -> WebhookAttempt {
        let end = Deadline.after(Self.patience)
        let links = trace.context.map { $0.spanID == nil ? [] : [$0] } ?? []
        let span = trace.begin("webhook", .client, in: message.trace, links: links)
        let (head, error) = post(message, in: span.trace, id: message.id.description, deadline: min(deadline, end))
        span.end(
            [
                "nofx.team_id": .text("\(message.team)"), "nofx.webhook_id": .text("\(message.webhook)"),
                "nofx.attempt": .number(message.attempt), "http.response.status_code": head.map { .number($0.status) },
            ],
            error: head == nil ? error?.kind.rawValue ?? "failed" : nil
        )
        let duration = Self.patience - end.remaining
        guard let head else {
            let reason = error?.description ?? "no answer"
            let outcome = DeliveryOutcome(transientError: reason, attempt: message.attempt)
            return WebhookAttempt(outcome: outcome, duration: duration, shownReason: error?.publicDescription)
        }
        let reason = "the receiver answered \(head.status)"
        switch head.status {
        case 200..<300:
            return WebhookAttempt(outcome: .delivered, duration: duration)
        case 410:
            return WebhookAttempt(outcome: .dead(reason: reason), duration: duration, isGone: true)
        default:
            let pause = min(RetryAfter(header: head.header)?.delay ?? .zero, Self.longestPause)
            let outcome = DeliveryOutcome(transientError: reason, attempt: message.attempt, notBefore: pause)
            return WebhookAttempt(outcome: outcome, duration: duration, pause: pause)
        }
    }

    private mutating func post(
        _ message: WebhookMessage,
        in trace: Trace,
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
            ] + (trace.context?.headers ?? []),
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
            // Only the status counts, whatever became of the body.
            return (head, error)
        }
    }
}
