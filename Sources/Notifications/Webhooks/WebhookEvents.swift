public import Base

/// What one webhook is told of: at least one kind of event, none of them twice.
public struct WebhookEvents: InputValue, CustomStringConvertible {
    private static let list = ListRule(1...WebhookEvent.allCases.count)

    /// The events, in their usual order.
    public let events: [WebhookEvent]

    /// The ends of runs, and gates that wait for a decision.
    public static let standard = WebhookEvents(events: [.runSucceeded, .runFailed, .runCancelled, .gateCreated])

    private init(events: [WebhookEvent]) {
        self.events = events
    }

    public static var rule: String { "\([WebhookEvent].rule), \(list), each once" }
    public static var form: ValueForm { .array(WebhookEvent.form, 1...WebhookEvent.allCases.count, isSet: true) }

    public init(input: JSONValue) throws(Violations) {
        events = try WebhookEvent.distinct(input, in: Self.list)
    }

    public var description: String { events.map(\.rawValue).joined(separator: " ") }
}
