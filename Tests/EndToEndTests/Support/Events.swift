import Base

/// Events as platforms send them.
enum Events {
    /// An event of an HTTP API or a function URL.
    static func v2(_ body: String, headers: [String: String] = [:], encoded: Bool = false) -> String {
        let body = encoded ? Base64.encode(Array(body.utf8)) : body
        return """
            {"version":"2.0","routeKey":"$default","rawPath":"/","rawQueryString":"","headers":\(json(headers)),
             "requestContext":{"accountId":"123456789012","domainName":"x.example","requestId":"JKJaXmPLvHcESHA=",
                 "http":{"method":"POST","path":"/","protocol":"HTTP/1.1","sourceIp":"192.0.2.7","userAgent":"x"}},
             "body":\(json(body)),"isBase64Encoded":\(encoded)}
            """
    }

    /// An event of a REST API.
    static func v1(_ body: String, headers: [String: String] = [:], encoded: Bool = false) -> String {
        let body = encoded ? Base64.encode(Array(body.utf8)) : body
        return """
            {"resource":"/","path":"/","httpMethod":"POST","headers":\(json(headers)),
             "multiValueHeaders":\(json(headers.mapValues { [$0] })),
             "requestContext":{"requestId":"c6af9ac6-7b61","identity":{"sourceIp":"192.0.2.7"},"stage":"prod"},
             "body":\(json(body)),"isBase64Encoded":\(encoded)}
            """
    }

    /// An event of a load balancer.
    static func loadBalancer(_ body: String, headers: [String: String] = [:], multiValue: Bool = false) -> String {
        let headers =
            multiValue
            ? #""multiValueHeaders":\#(json(headers.mapValues { [$0] }))"# : #""headers":\#(json(headers))"#
        return """
            {"requestContext":{"elb":{"targetGroupArn":"arn:aws:elasticloadbalancing:x"}},"httpMethod":"POST","path":"/",
             "queryStringParameters":{},\(headers),"body":\(json(body)),"isBase64Encoded":false}
            """
    }

    /// The short event form: only `headers` and `body`.
    static func envelope(_ body: String, headers: [String: String] = [:]) -> String {
        #"{"headers":\#(json(headers)),"body":\#(body)}"#
    }

    /// All event forms whose answer has its own HTTP status.
    static func allHTTP(_ body: String, headers: [String: String] = [:]) -> [String] {
        [
            v2(body, headers: headers), v2(body, headers: headers, encoded: true), v1(body, headers: headers),
            v1(body, headers: headers, encoded: true), loadBalancer(body, headers: headers),
            loadBalancer(body, headers: headers, multiValue: true),
        ]
    }

    private static func json(_ value: some JSONEncodable) -> String {
        String(decoding: value.jsonBytes, as: UTF8.self)
    }

    private static func json<Value: JSONEncodable>(_ members: [String: Value]) -> String {
        var json = JSONWriter()
        json.object { json in
            for (name, value) in members { json.member(name, value) }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
