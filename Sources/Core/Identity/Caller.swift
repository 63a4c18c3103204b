public import Base

/// A person or program that has an account.
///
/// Only its identifier has a use here: accounts live in `nofx.users`.
public enum User {}

/// The authenticated user or program that makes a call.
public struct Caller: Sendable {
    /// The account.
    public let user: ID<User>

    /// Who vouches for the caller: a token's `iss`.
    public let issuer: String

    /// The caller's name with the issuer: a token's `sub`.
    public let subject: String

    /// The address, where the issuer says that it was verified.
    public let email: EmailAddress?

    /// When the issuer made the token that has the address; nil where the token does not say it.
    public let issuedAt: Timestamp?

    /// What proved it, as the audit trail shows it: `session` for a token, `key:` and its identifier for an API key.
    public let credential: String

    /// What an API key is good for; nil for a person, who may all that they are permitted.
    public let scopes: [Scope]?

    /// The only team that an API key is good for; nil for all of its user's.
    public let team: UUID?

    private let isOperator: Bool

    /// Whether the caller operates the product: a person of whom the issuer says so, or a key of such a person.
    public var mayOperate: Bool {
        guard let scopes else { return isOperator }
        return team == nil && scopes.contains(.operations)
    }

    /// Makes a caller of what a credential proved.
    ///
    /// - Parameters:
    ///   - user: The account.
    ///   - issuer: Who vouches for the caller.
    ///   - subject: The caller's name with the issuer.
    ///   - email: The address, where it was verified.
    ///   - issuedAt: When the token was made, if it says so.
    ///   - credential: What proved it.
    ///   - isOperator: Whether the issuer says that the person operates the product; of a key its scopes say it.
    ///   - scopes: What a key is good for.
    ///   - team: The only team that a key is good for.
    public init(
        user: ID<User>,
        issuer: String,
        subject: String,
        email: EmailAddress?,
        issuedAt: Timestamp? = nil,
        credential: String = "session",
        isOperator: Bool = false,
        scopes: [Scope]? = nil,
        team: UUID? = nil
    ) {
        self.user = user
        self.issuer = issuer
        self.subject = subject
        self.email = email
        self.issuedAt = issuedAt
        self.credential = credential
        self.isOperator = isOperator
        self.scopes = scopes
        self.team = team
    }
}

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
