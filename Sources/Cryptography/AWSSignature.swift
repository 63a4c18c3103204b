public import Base
public import System

/// The credentials of a caller of AWS.
public struct AWSCredentials: Sendable {
    public let keyID: String
    public let secret: Secret

    /// The token of temporary credentials; nil for permanent ones.
    public let sessionToken: Secret?

    public init(keyID: String, secret: Secret, sessionToken: Secret?) {
        self.keyID = keyID
        self.secret = secret
        self.sessionToken = sessionToken
    }

    /// The credentials in the environment, such as those of the role of a Lambda function; nil if there are none.
    public init?(_ environment: Environment) {
        guard let keyID = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"] else {
            return nil
        }
        self.init(
            keyID: keyID,
            secret: Secret(secret),
            sessionToken: environment["AWS_SESSION_TOKEN"].map { Secret($0) }
        )
    }
}

/// Signature Version 4 of AWS, for POST requests.
public struct AWSSignature: Sendable {
    /// The service in the signature, for example `secretsmanager`.
    private let service: String

    private let region: String
    private let credentials: AWSCredentials

    public init(service: String, region: String, credentials: AWSCredentials) {
        self.service = service
        self.region = region
        self.credentials = credentials
    }

    /// The secrets, which must not be shown.
    public var secrets: [Secret] { [credentials.secret] + [credentials.sessionToken].compactMap(\.self) }

    /// The headers that sign a request.
    ///
    /// - Parameters:
    ///   - url: The URL of the request, percent-encoded.
    ///   - headers: Further headers to sign, with names in lower case.
    ///   - body: The body.
    ///   - time: The time of the signature; AWS accepts a difference of five minutes.
    /// - Returns: The signed headers but `host`, and the signature.
    public func headers(
        for url: String,
        signing headers: [(name: String, value: String)] = [],
        body: [UInt8],
        at time: Timestamp = .now()
    ) -> [(name: String, value: String)] {
        // "2026-11-22T17:05:56.123456Z" is "20261122T170556Z" in a signature.
        let stamp = String(time.description.split(separator: ".")[0].filter { $0 != "-" && $0 != ":" }) + "Z"
        let place = Place(url)
        var signed = [(name: "host", value: place.host), (name: "x-amz-date", value: stamp)] + headers
        if let token = credentials.sessionToken { signed.append((name: "x-amz-security-token", value: token.text)) }
        signed.sort { $0.name < $1.name }
        let names = signed.map(\.name).joined(separator: ";")
        let lines = signed.map { "\($0.name):\($0.value)\n" }.joined()
        let canonical =
            "POST\n\(place.path)\n\(place.query)\n\(lines)\n\(names)\n\(Hexadecimal.encode(SHA256.digest(body)))"
        let scope = "\(stamp.prefix(8))/\(region)/\(service)/aws4_request"
        let text = "AWS4-HMAC-SHA256\n\(stamp)\n\(scope)\n" + Hexadecimal.encode(SHA256.digest(Array(canonical.utf8)))
        var key = Array("AWS4".utf8) + credentials.secret.bytes
        for part in scope.split(separator: "/") { key = HMACSHA256.code(for: Array(part.utf8), key: key) }
        let signature = Hexadecimal.encode(HMACSHA256.code(for: Array(text.utf8), key: key))
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(credentials.keyID)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
        return signed.filter { $0.name != "host" } + [(name: "authorization", value: authorization)]
    }

    /// The parts of a URL, as a signature contains them.
    private struct Place {
        let host: String

        /// The path, of which each segment is encoded once more.
        let path: String

        /// The parameters, sorted.
        let query: String

        init(_ url: String) {
            let rest = Array(url.utf8).split(
                separator: UInt8(ascii: "/"),
                maxSplits: 3,
                omittingEmptySubsequences: false
            )
            // The scheme, nothing, the host, and the rest.
            host = rest.count > 2 ? String(decoding: rest[2], as: UTF8.self) : ""
            let target = rest.count > 3 ? rest[3] : []
            let parts = target.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
            let segments = (parts.first ?? []).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            let encoded = segments.map { PercentEncoding.encode(String(decoding: $0, as: UTF8.self)) }
            path = "/" + encoded.joined(separator: "/")
            let parameters = parts.count > 1 ? parts[1].split(separator: UInt8(ascii: "&")) : []
            query = parameters.map { String(decoding: $0, as: UTF8.self) }.sorted().joined(separator: "&")
        }
    }
}
