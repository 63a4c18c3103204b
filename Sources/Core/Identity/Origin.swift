import Base

/// Where a call came from, for logs and the audit trail.
///
/// Nothing here is proof of anything.
public struct Origin: Sendable {
    /// Names the call in answers, logs and the audit trail.
    public let requestID: String

    /// The trace that the call is part of (W3C Trace Context), where one was sent.
    public let traceID: String?

    /// The peer's address as the platform reports it.
    public let ip: String?

    /// What the caller's program calls itself.
    public let userAgent: String?

    /// Makes an origin; the user agent is cut to 512 characters.
    public init(requestID: String, traceID: String? = nil, ip: String? = nil, userAgent: String? = nil) {
        self.requestID = requestID
        self.traceID = traceID
        self.ip = ip
        self.userAgent = userAgent.map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(512))) }
    }

    /// What the audit trail keeps of a call.
    func record(credential: String) -> JSONText {
        var json = JSONWriter()
        json.object { json in
            json.member("credential", credential)
            json.member("requestId", requestID)
            json.member("ip", ip)
            json.member("userAgent", userAgent)
        }
        return JSONText(trusted: json.bytes)
    }
}
