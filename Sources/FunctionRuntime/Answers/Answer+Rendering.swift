import Base

extension Answer {
    /// The answer in the form that the request came in: the body itself, or a platform's HTTP response.
    func rendered(for form: Request.Form) -> [UInt8] {
        switch form {
        case .direct, .envelope:
            body
        case .apiGatewayV2, .apiGatewayV1:
            // A REST API takes these members and no other: one more is a 502.
            response { json in json.member("headers", singleValues) }
        case .messages(let batch):
            batch.answer(hasFailed: problem != nil)
        case .loadBalancer(let multiValue):
            response { json in
                json.member("statusDescription", "\(status) \(Self.reason(status))")
                if multiValue {
                    json.member("multiValueHeaders", multiValues)
                } else {
                    json.member("headers", singleValues)
                }
            }
        }
    }

    private func response(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(reserving: body.count * 2 + 512)
        json.object { json in
            json.member("statusCode", status)
            members(&json)
            json.member("body", String(decoding: body, as: UTF8.self))
            json.member("isBase64Encoded", false)
        }
        return json.bytes
    }

    private func singleValues(_ json: inout JSONWriter) {
        json.object { json in
            for (name, value) in headers { json.member(name, value) }
        }
    }

    private func multiValues(_ json: inout JSONWriter) {
        json.object { json in
            for (name, value) in headers { json.member(name, [value]) }
        }
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 503: "Service Unavailable"
        default: "Internal Server Error"
        }
    }
}
