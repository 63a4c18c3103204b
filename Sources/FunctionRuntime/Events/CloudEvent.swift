import Base
import Cryptography

/// What is left of a CloudEvent 1.0 that came as an HTTP request, after its data became the input.
///
/// The event gives its sender no rights: a credential is a header field, as without an event.
struct CloudEvent {
    /// The idempotency key of a call without one of its own: an event is delivered at least once, and its source and
    /// identifier name it (CloudEvents 1.0, section 3.1.1).
    let key: String

    /// Whether the sender takes an event as the answer (Knative Eventing, data plane contract).
    ///
    /// A sender that does not takes any body for an event.
    let wantsReply: Bool
}

extension Request {
    /// The request with the data of its CloudEvent as the body, if it holds one (HTTP Protocol Binding 1.0.2).
    ///
    /// - Throws: A `Problem` with status 400 and code `malformed_request` or `malformed_json`; 415
    ///   `unsupported_media_type` for a batch of events.
    func unwrappingCloudEvent() throws(Problem) -> Request {
        guard form.isHTTP else { return self }
        let type = headers["content-type"]?.lowercasedASCII ?? ""
        if type.utf8.starts(with: "application/cloudevents-batch".utf8) {
            throw Problem(
                status: 415,
                code: "unsupported_media_type",
                detail: "Batches of CloudEvents are not supported."
            )
        }
        if type.utf8.starts(with: "application/cloudevents".utf8) { return try structuredEvent() }
        let isBinary = ["ce-specversion", "ce-id", "ce-source", "ce-type"].contains { !headers.values(of: $0).isEmpty }
        return isBinary ? try binaryEvent() : self
    }

    private func structuredEvent() throws(Problem) -> Request {
        let event: JSONValue
        switch body {
        case .value(let value): event = value
        case .text(let bytes):
            // The data is one level below the event.
            let limits = JSONLimits(bytes: JSONLimits.event.bytes, depth: JSONLimits.event.depth + 1)
            event = try JSONDocument(event: bytes, limits: limits).root
        case .undecodable:
            throw Problem(status: 400, code: "malformed_json", detail: "The body is not valid base64.")
        }
        guard event.kind == .object else { throw .malformedEvent }
        let attributes = ["specversion", "id", "source", "type"].map { event[$0]?.string }
        return replacing(try Self.data(of: event), try CloudEvent(attributes, headers))
    }

    private func binaryEvent() throws(Problem) -> Request {
        guard headers.values(of: "ce-datacontenttype").isEmpty else {
            throw .malformedRequest("The type of a CloudEvent's data must be in Content-Type.")
        }
        var attributes: [String?] = []
        for name in ["ce-specversion", "ce-id", "ce-source", "ce-type"] {
            attributes.append(try headers[name].map { value throws(Problem) in try value.attributeValue() })
        }
        return replacing(body, try CloudEvent(attributes, headers))
    }

    /// The data of an event, which may be base64 or missing.
    static func data(of event: JSONValue) throws(Problem) -> Body {
        if let data = event["data"], !data.isNull {
            guard event["data_base64"] == nil else { throw .malformedEvent }
            return .value(data)
        }
        guard let encoded = event["data_base64"], !encoded.isNull else { return .text(Array("{}".utf8)) }
        return encoded.stringBytes.flatMap(Base64.decode).map(Body.text) ?? .undecodable
    }

    private func replacing(_ data: Body, _ event: CloudEvent) -> Request {
        var request = self
        request.body = data
        request.cloudEvent = event
        return request
    }
}

extension CloudEvent {
    /// Checks the required attributes: `specversion`, `id`, `source` and `type`.
    fileprivate init(_ attributes: [String?], _ headers: Headers) throws(Problem) {
        let values = attributes.compactMap { $0.flatMap { $0.trimmingBlanks.isEmpty ? nil : $0 } }
        guard values.count == 4, values[0] == "1.0" else { throw .malformedEvent }
        let name = UUID.v5(namespace: .v5(namespace: .urlNamespace, name: values[2]), name: values[1])
        key = "cloudevent-\(name)"
        wantsReply = headers.values(of: "prefer").contains { value in
            value.split(separator: ",").contains { $0.trimmingBlanks.lowercasedASCII.utf8.elementsEqual("reply".utf8) }
        }
    }
}

extension Problem {
    fileprivate static let malformedEvent = malformedRequest(
        "A CloudEvent must have specversion 1.0, an id, a source and a type, each once, and at most one form of data."
    )
}

extension String {
    /// The text that an attribute's header field stands for (HTTP Protocol Binding 1.0.2, section 3.1.3.2).
    ///
    /// Senders of earlier versions may quote it (RFC 9110, section 5.6.4).
    fileprivate func attributeValue() throws(Problem) -> String {
        guard let bytes = PercentEncoding.decode(unquoted.utf8), let text = String(validating: bytes, as: UTF8.self)
        else {
            throw .malformedEvent
        }
        return text
    }

    /// The content of a quoted string; the text itself if it is none.
    private var unquoted: String {
        let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
        guard utf8.count >= 2, utf8.first == quote, utf8.last == quote else { return self }
        var content: [UInt8] = []
        var isEscaped = false
        for byte in utf8.dropFirst().dropLast() {
            isEscaped = byte == backslash && !isEscaped
            if !isEscaped { content.append(byte) }
        }
        return String(decoding: content, as: UTF8.self)
    }
}
