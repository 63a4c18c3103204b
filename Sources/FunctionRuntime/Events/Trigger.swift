import Base

/// Decodes events with which queues, schedules and event buses start an endpoint.
///
/// These events have no caller, so only operators' endpoints accept them. They are not accepted if the process is
/// started by a web server.
enum Trigger<F: Function> {
    /// The request in an event, or nil if the event is not a trigger.
    ///
    /// - Throws: A `Problem` with status 400 and code `malformed_json` if the event's data is malformed.
    static func request(of event: JSONValue, log: Log) throws(Problem) -> Request? {
        guard event.kind == .object else { return nil }
        if let messages = messages(of: event) { return try batch(messages, log: log) }
        if let source = otherSource(of: event) {
            let rule = "must be messages of SQS: records of \(source) start no work here"
            throw .validationFailed([Violation(field: "Records", .unknownField, rule)])
        }
        // EventBridge, including its schedules.
        if event["version"]?.string != nil, event["detail-type"]?.string != nil, event["source"]?.string != nil,
            let detail = event["detail"]
        {
            // EventBridge Scheduler sends the object as text where a schedule has no input of its own.
            return Request(form: .direct, body: detail.stringBytes.map(Request.Body.text) ?? .value(detail))
        }
        // CloudEvents 1.0, section 3.1, in structured mode.
        if event["specversion"]?.string == "1.0", event["id"]?.string != nil, event["source"]?.string != nil,
            event["type"]?.string != nil
        {
            return Request(form: .direct, body: try Request.data(of: event))
        }
        return nil
    }

    /// The records of an SQS event, or nil if the event has another source.
    private static func messages(of event: JSONValue) -> [JSONValue]? {
        guard let records = event["Records"], records.kind == .array, records.count > 0 else { return nil }
        let messages = Array(records.elements)
        return messages.allSatisfy { message in
            message.kind == .object && message["eventSource"]?.string == "aws:sqs"
                && message["messageId"]?.string != nil
        } ? messages : nil
    }

    /// Whether a message comes from a FIFO queue.
    private static func isOrdered(_ message: JSONValue) -> Bool {
        message["eventSourceARN"]?.string?.utf8.suffix(5).elementsEqual(".fifo".utf8) == true
    }

    /// The source of records that are no messages of SQS, such as `aws:s3`; nil for other events.
    private static func otherSource(of event: JSONValue) -> String? {
        guard let record = event["Records"]?.elements.first(where: { _ in true }), record.kind == .object else {
            return nil
        }
        // SNS writes the name with a capital letter.
        let source = (record["eventSource"] ?? record["EventSource"])?.string
        return source.flatMap { ["aws:sqs", ""].contains($0) || $0.utf8.count > 64 ? nil : $0 }
    }

    /// Combines a batch of messages into one request, whose work is done once.
    ///
    /// Messages whose input differs from the first message's input are redelivered. After a message of a FIFO queue that
    /// is redelivered, all others are, too: they must not overtake it.
    private static func batch(_ messages: [JSONValue], log: Log) throws(Problem) -> Request {
        let nothing = Array("{}".utf8)
        var batch = MessageBatch()
        var first: (body: [UInt8], input: JSONValue)?
        for message in messages {
            guard let name = message["messageId"]?.string else { continue }
            let body = message["body"]?.stringBytes ?? []
            do {
                let input = try JSONDocument(event: body.isEmpty ? nothing : body).root
                _ = try F.Input(input: input)
                // An empty input can be written in several ways, so all of them are compared as `{}`.
                let asked = input.count == 0 ? nothing : Array(body)
                first = first ?? (asked, input)
                batch.add(name, isInput: asked == first?.body && !(batch.hasRefused && isOrdered(message)))
            } catch {
                log.warning("message.refused", ["messageId": name])
                batch.add(name, isInput: false)
            }
        }
        return Request(form: .messages(batch), body: first.map { .value($0.input) } ?? .text(nothing))
    }
}
