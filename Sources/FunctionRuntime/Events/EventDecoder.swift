import Base

/// Detects the format of an event on transports that deliver whole events: Lambda and standard input.
///
/// The format gives a caller no rights. An identity comes only from a verified credential.
enum EventDecoder {
    private static let envelopeKeys = ["headers", "body", "idempotencyKey"]

    /// Decodes an event.
    ///
    /// - Throws: A `Problem` with status 400 and code `malformed_json` or `invalid_idempotency_key` for a malformed
    ///   envelope. Errors in the body of an HTTP event are found later, when the body is read, so that the response has
    ///   the event's format.
    static func decode(_ event: JSONValue) throws(Problem) -> Request {
        guard event.kind == .object else { return Request(form: .direct, body: .value(event)) }
        if let context = event["requestContext"], context.kind == .object {
            if event["version"]?.string == "2.0", let http = context["http"] {
                return decodeV2(event, context: context, http: http)
            }
            if context["elb"] != nil, let method = event["httpMethod"]?.string {
                return decodeLoadBalancer(event, method: method)
            }
            if let method = event["httpMethod"]?.string {
                return decodeV1(event, context: context, method: method)
            }
        }
        if let body = event["body"], event.members.allSatisfy({ envelopeKeys.contains($0.key) }) {
            return try decodeEnvelope(event, body: body)
        }
        return Request(form: .direct, body: .value(event))
    }

    private static func decodeV2(
        _ event: JSONValue,
        context: JSONValue,
        http: JSONValue
    ) -> Request {
        var request = Request(form: .apiGatewayV2, body: httpBody(of: event))
        request.method = http["method"]?.string ?? ""
        request.path = event["rawPath"]?.string
        request.headers.add(single: event["headers"])
        request.sourceIP = http["sourceIp"]?.string
        request.platformRequestID = context["requestId"]?.string
        request.authorizerClaims = context["authorizer"]?["jwt"]?["claims"]
        return request
    }

    private static func decodeV1(
        _ event: JSONValue,
        context: JSONValue,
        method: String
    ) -> Request {
        var request = Request(form: .apiGatewayV1, body: httpBody(of: event))
        request.method = method
        request.path = event["path"]?.string
        if let multiple = event["multiValueHeaders"], multiple.kind == .object {
            request.headers.add(multiple: multiple)
        } else {
            request.headers.add(single: event["headers"])
        }
        request.sourceIP = context["identity"]?["sourceIp"]?.string
        request.platformRequestID = context["requestId"]?.string
        return request
    }

    private static func decodeLoadBalancer(_ event: JSONValue, method: String) -> Request {
        let multiple = event["multiValueHeaders"].flatMap { $0.kind == .object ? $0 : nil }
        var request = Request(form: .loadBalancer(multiValue: multiple != nil), body: httpBody(of: event))
        request.method = method
        request.path = event["path"]?.string
        if let multiple {
            request.headers.add(multiple: multiple)
        } else {
            request.headers.add(single: event["headers"])
        }
        // The load balancer appends the address of its peer. The caller controls all values before it.
        request.sourceIP = request.headers.values(of: "x-forwarded-for").last?
            .split(separator: ",").last.map { $0.trimmingBlanks }
        return request
    }

    private static func decodeEnvelope(_ event: JSONValue, body: JSONValue) throws(Problem) -> Request {
        var request = Request(
            form: .envelope,
            body: body.stringBytes.map(Request.Body.text) ?? .value(body)
        )
        if let headers = event["headers"], !headers.isNull {
            guard headers.kind == .object, headers.members.allSatisfy({ $0.value.kind == .string }) else {
                throw Problem(
                    status: 400,
                    code: "malformed_json",
                    detail: "The envelope's headers must be an object of strings."
                )
            }
            request.headers.add(single: headers)
        }
        if let key = event["idempotencyKey"], !key.isNull {
            guard let key = key.string else { throw IdempotencyKey.refused }
            request.headers.add(IdempotencyKey.header, key)
        }
        return request
    }

    private static func httpBody(of event: JSONValue) -> Request.Body {
        guard let text = event["body"]?.stringBytes else { return .text([]) }
        guard event["isBase64Encoded"]?.bool == true else { return .text(text) }
        return Base64.decode(text).map(Request.Body.text) ?? .undecodable
    }
}

extension Request.Form {
    /// The form of an event; nil if the event cannot be read.
    init?(of event: [UInt8]) {
        guard let document = try? JSONDocument(event: event, limits: .wrappedEvent),
            let request = try? EventDecoder.decode(document.root)
        else { return nil }
        self = request.form
    }
}

extension Headers {
    fileprivate mutating func add(single object: JSONValue?) {
        guard let object, object.kind == .object else { return }
        for (name, value) in object.members {
            if let value = value.string { add(name, value) }
        }
    }

    fileprivate mutating func add(multiple object: JSONValue) {
        for (name, values) in object.members where values.kind == .array {
            for value in values.elements {
                if let value = value.string { add(name, value) }
            }
        }
    }
}
