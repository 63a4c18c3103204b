import Base
import Cryptography
import HTTPClient
import System

/// The role's temporary credentials, which Lambda sets in the environment.
struct AWSCredentials: Sendable {
    let keyID: String
    let secret: String
    let sessionToken: String?

    init(keyID: String, secret: String, sessionToken: String?) {
        self.keyID = keyID
        self.secret = secret
        self.sessionToken = sessionToken
    }

    /// The credentials in the environment, or nil if there are none.
    init?(_ environment: Environment) {
        guard let keyID = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"] else {
            return nil
        }
        self.init(keyID: keyID, secret: secret, sessionToken: environment["AWS_SESSION_TOKEN"])
    }
}

/// A call of an AWS service that speaks JSON, signed with Signature Version 4.
struct AWSCall: Sendable {
    /// The service in the signature, for example `secretsmanager`.
    let service: String
    let region: String

    /// The operation, for example `secretsmanager.GetSecretValue`.
    let target: String
    let body: [UInt8]

    /// The request to a server.
    ///
    /// - Parameters:
    ///   - endpoint: The URL of the service, without a path.
    ///   - credentials: The caller.
    ///   - time: The time of the signature; AWS accepts a difference of five minutes.
    /// - Returns: The signed request.
    func request(to endpoint: String, _ credentials: AWSCredentials, at time: Timestamp = .now()) -> HTTPRequest {
        // "2026-11-22T17:05:56.123456Z" is "20261122T170556Z" in a signature.
        let stamp = String(time.description.split(separator: ".")[0].filter { $0 != "-" && $0 != ":" }) + "Z"
        let host = endpoint.split(separator: "/").last.map(String.init) ?? ""
        var headers = [("host", host), ("x-amz-date", stamp)]
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        headers.append(("x-amz-target", target))
        let authorization = authorization(headers, stamp: stamp, credentials)
        // libcurl sets the host.
        return HTTPRequest(
            .post,
            endpoint + "/",
            headers: headers.dropFirst() + [
                ("content-type", "application/x-amz-json-1.1"), ("authorization", authorization),
            ],
            body: body
        )
    }

    private func authorization(
        _ headers: [(name: String, value: String)],
        stamp: String,
        _ credentials: AWSCredentials
    ) -> String {
        let names = headers.map(\.name).joined(separator: ";")
        let lines = headers.map { "\($0.name):\($0.value)\n" }.joined()
        let canonical = "POST\n/\n\n\(lines)\n\(names)\n\(Hexadecimal.encode(SHA256.digest(body)))"
        let day = String(stamp.prefix(8))
        let scope = "\(day)/\(region)/\(service)/aws4_request"
        let text = "AWS4-HMAC-SHA256\n\(stamp)\n\(scope)\n" + Hexadecimal.encode(SHA256.digest(Array(canonical.utf8)))
        var key = Array("AWS4\(credentials.secret)".utf8)
        for part in [day, region, service, "aws4_request"] {
            key = HMACSHA256.code(for: Array(part.utf8), key: key)
        }
        let signature = Hexadecimal.encode(HMACSHA256.code(for: Array(text.utf8), key: key))
        return
            "AWS4-HMAC-SHA256 Credential=\(credentials.keyID)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
    }
}
