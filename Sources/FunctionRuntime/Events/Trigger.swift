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
        // EventBridge, including its schedules.
        if event["version"]?.string != nil, event["detail-type"]?.string != nil, event["source"]?.string != nil,
            let detail = event["detail"]
        {
            return Request(form: .direct, body: .value(detail))
        }
        // CloudEvents 1.0, section 3.1, in structured mode.
        if event["specversion"]?.string == "1.0", event["id"]?.string != nil, event["source"]?.string != nil,
            event["type"]?.string != nil
        {
            return try cloudEvent(event)
        }
        return nil
    }

    private static func cloudEvent(_ event: JSONValue) throws(Problem) -> Request {
        if let data = event["data"], !data.isNull { return Request(form: .direct, body: .value(data)) }
        guard let encoded = event["data_base64"]?.stringBytes else {
            return Request(form: .direct, body: .text(Array("{}".utf8)))
        }
        return Request(form: .direct, body: Base64.decode(encoded).map(Request.Body.text) ?? .undecodable)
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

    /// Combines a batch of messages into one request, whose work is done once.
    ///
    /// Messages whose input differs from the first message's input are redelivered.
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
                batch.add(name, isInput: asked == first?.body)
            } catch {
                log.warning("message.refused", ["messageId": name])
                batch.add(name, isInput: false)
            }
        }
        return Request(form: .messages(batch), body: first.map { .value($0.input) } ?? .text(nothing))
    }
}
