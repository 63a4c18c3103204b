import Base

/// An activation of an OpenWhisk action.
struct Activation {
    /// What activated the action.
    enum Event {
        /// An HTTP request to a web action.
        case web(Request)
        /// A call by a holder of the namespace's key, a trigger or a sequence: the parameters are the event.
        case direct([UInt8])
        /// A request to a web action whose body cannot be decoded.
        case refused(Problem)
    }

    /// The names of parameters that the platform adds to a request.
    ///
    /// It refuses requests that have them in the query or in the body.
    private static let reservedPrefix = "__ow_"

    let event: Event

    /// The platform's identifier of the activation.
    let id: String?

    /// The name of the action, without its namespace and package.
    let actionName: String?

    /// When the platform ends the container.
    let deadline: Deadline?

    /// Reads a line of the proxy.
    ///
    /// - Throws: 400 `malformed_json` for a line without a `value`.
    init(_ line: JSONValue) throws(Problem) {
        guard line.kind == .object, let value = line["value"] else {
            throw Problem(status: 400, code: "malformed_json", detail: "An activation must have a value.")
        }
        id = line["activation_id"]?.string.flatMap { $0.isEmpty || $0.utf8.count > 64 ? nil : $0 }
        actionName = line["action_name"]?.string?.split(separator: "/").last.map(String.init)
        // The proxy sends it as text, others as a number.
        deadline = (line["deadline"]?.string.flatMap { Int64($0) } ?? line["deadline"]?.integer.map(Int64.init))
            .flatMap(Deadline.init(millisecondsSince1970:))
        guard let method = value["__ow_method"]?.string, value["__ow_headers"]?.kind == .object else {
            event = .direct(value.text.bytes)
            return
        }
        do throws(Problem) {
            event = .web(try Self.request(value, method: method, action: actionName))
        } catch {
            event = .refused(error)
        }
    }

    private static func request(_ value: JSONValue, method: String, action: String?) throws(Problem) -> Request {
        var headers = Headers()
        for (name, field) in value["__ow_headers"]?.members ?? value.members {
            if let field = field.string { headers.add(name, field) }
        }
        var request = Request(form: .web, body: body(value, contentType: headers["content-type"] ?? ""))
        request.headers = headers
        request.method = String(decoding: method.utf8.map { $0.isLetter ? $0 & 0xDF : $0 }, as: UTF8.self)
        // An action that has all endpoints has them at its paths; without a path the action's name is the endpoint's.
        request.path = value["__ow_path"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? action
        return request
    }

    /// The body: a parameter of its own, or all parameters that the platform took from the query and a JSON body.
    private static func body(_ value: JSONValue, contentType: String) -> Request.Body {
        guard let body = value["__ow_body"] else {
            var json = JSONWriter()
            json.object { json in
                for (name, parameter) in value.members where !name.utf8.starts(with: reservedPrefix.utf8) {
                    json.member(name, parameter.text)
                }
            }
            return .text(json.bytes)
        }
        guard let text = body.stringBytes else { return .value(body) }
        // The platform encodes JSON and what is binary, and sends other text as it is.
        let isText = ["text/", "application/x-www-form-urlencoded"].contains {
            contentType.lowercasedASCII.utf8.starts(with: $0.utf8)
        }
        if isText { return .text(text) }
        return Base64.decode(text).map(Request.Body.text) ?? .undecodable
    }
}

extension Activation {
    /// The answer as the platform expects it, in one line.
    func rendered(_ answer: Answer, for form: Request.Form) -> [UInt8] {
        let bytes = Self.bytes(answer, for: form)
        guard bytes.count > ActionLoop.mostAnswerBytes else { return bytes }
        let problem = Problem(status: 413, code: "answer_too_large", detail: "The answer has more than 1 MiB.")
        return Self.bytes(Answer(problem, requestID: id ?? UUID.v7().description), for: form)
    }

    /// The answer to what is no activation.
    static func answer(_ answer: Answer) -> [UInt8] { bytes(answer, for: .direct) }

    private static func bytes(_ answer: Answer, for form: Request.Form) -> [UInt8] {
        var json = JSONWriter(reserving: answer.body.count + 512)
        switch form {
        case .web: answer.encodeWebAction(to: &json)
        case .direct, .envelope:
            let isObject = answer.body.first == UInt8(ascii: "{")
            if answer.problem == nil, isObject { return answer.body }
            // A member `error` makes the activation a failed one.
            let name = answer.problem == nil ? "result" : "error"
            json.object { json in
                if isObject {
                    json.member(name, JSONText(trusted: answer.body))
                } else {
                    json.member(name, String(decoding: answer.body, as: UTF8.self))
                }
            }
        case .apiGatewayV1, .apiGatewayV2, .loadBalancer, .messages: return answer.rendered(for: form)
        }
        return json.bytes
    }
}

extension Answer {
    /// The answer of a web action with full control of the response.
    ///
    /// A JSON body is a value, and any other is text.
    fileprivate func encodeWebAction(to json: inout JSONWriter) {
        json.object { json in
            json.member("statusCode", status)
            json.member("headers") { json in
                json.object { json in
                    for (name, value) in headers { json.member(name, value) }
                }
            }
            switch body.first {
            case nil: break
            case UInt8(ascii: "{"): json.member("body", JSONText(trusted: body))
            default: json.member("body", String(decoding: body, as: UTF8.self))
            }
        }
    }
}
