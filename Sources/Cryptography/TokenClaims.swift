public import Base

/// What a verified token says (RFC 7519, section 4).
///
/// Nothing else in a token is looked at: roles, tenants and whatever users may write about themselves are no claims
/// of the issuer about who someone is, or what the token is good for.
public struct TokenClaims: Hashable, Sendable {
    /// Who made the token.
    public let issuer: String

    /// Whom it is about, unique with this issuer: 1 to 255 bytes without control characters.
    public let subject: String

    /// The subject's address, if the issuer says that it verified it.
    public let verifiedEmail: EmailAddress?

    /// What the issuer says that the token is good for: the words of `scope` (RFC 9068, section 2.2.3.1), and the
    /// elements of `scp` and `permissions`, as some issuers call them.
    ///
    /// These are the issuer's own words only where it gives them to whom it decides to, and not to whoever asks.
    public let scopes: [String]

    /// When the token was made, if it says so.
    public let issuedAt: Timestamp?

    /// When the token ends; it is accepted for a minute more, since clocks differ.
    public let expiresAt: Timestamp

    /// The identity of the subject here: the subject itself when it is a UUID that nothing else can have for an
    /// identity, else the UUIDv5 of the subject in the namespace of its issuer, which is the UUIDv5 of the issuer in the
    /// namespace of URLs (RFC 9562, section 5.5).
    public var userID: UUID { Self.userID(of: subject, at: issuer) }

    /// The identity of an issuer's subject here, as ``userID`` has it.
    ///
    /// A subject that is a UUIDv5 gets a derived identity like a subject that is no UUID: it could be the one that is
    /// derived for another subject, who would then be locked out. All derived identities are UUIDs of version 5, so no
    /// subject that is its own identity collides with one.
    public static func userID(of subject: String, at issuer: String) -> UUID {
        let uuid = UUID(subject)
        if let uuid, uuid.version != 5 { return uuid }
        let name = uuid?.description ?? subject
        return .v5(namespace: .v5(namespace: .urlNamespace, name: issuer), name: name)
    }
}

extension TokenClaims {
    /// The longest time from `iat`, or from now where there is none, to `exp`.
    static let longestLifetime = Duration.seconds(86_400)

    private static let leeway = Duration.seconds(60)

    /// Reads claims whose signature was verified, and checks each.
    init(json: JSONValue, issuer: String, audience: String, now: Timestamp) throws(TokenError) {
        guard json.kind == .object else { throw TokenError(.malformedClaims) }
        guard let claimed = json["iss"]?.stringBytes, claimed.elementsEqual(issuer.utf8) else {
            throw TokenError(.wrongIssuer)
        }
        guard Self.hasAudience(audience, in: json) else { throw TokenError(.wrongAudience) }
        guard let subject = json["sub"]?.string, Self.isSubject(subject) else { throw TokenError(.invalidSubject) }
        guard let expiresAt = try Self.time("exp", in: json) else { throw TokenError(.missingExpiration) }
        let issuedAt = try Self.time("iat", in: json)
        if let notBefore = try Self.time("nbf", in: json), now + Self.leeway < notBefore {
            throw TokenError(.notYetValid)
        }
        if let issuedAt {
            guard issuedAt <= now + Self.leeway else { throw TokenError(.issuedInFuture) }
        }
        guard expiresAt <= (issuedAt ?? now + Self.leeway) + Self.longestLifetime else {
            throw TokenError(.livesTooLong)
        }
        guard now < expiresAt + Self.leeway else { throw TokenError(.expired) }
        self.issuer = issuer
        self.subject = subject
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        scopes = Self.scopes(in: json)
        verifiedEmail = json["email_verified"]?.bool == true ? json["email"]?.string.flatMap(EmailAddress.init) : nil
    }

    /// Whether a text can be a subject: RFC 7519 asks for nothing, but it is stored, logged and compared.
    public static func isSubject(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { !(0...0x1F).contains($0.value) && !(0x7F...0x9F).contains($0.value) }
    }

    /// What claims say that their token is good for, as ``scopes`` has it; of a claim of another type nothing.
    public static func scopes(in json: JSONValue) -> [String] {
        let words = json["scope"]?.string?.split(separator: " ").map(String.init) ?? []
        return ["scp", "permissions"].reduce(into: words) { words, name in
            guard let list = json[name], list.elements.allSatisfy({ $0.kind == .string }) else { return }
            words += list.elements.compactMap(\.string)
        }
    }

    private static func hasAudience(_ audience: String, in json: JSONValue) -> Bool {
        guard let claim = json["aud"] else { return false }
        if let single = claim.stringBytes { return single.elementsEqual(audience.utf8) }
        return claim.elements.allSatisfy { $0.kind == .string }
            && claim.elements.contains { $0.stringBytes?.elementsEqual(audience.utf8) == true }
    }

    private static func time(_ name: String, in json: JSONValue) throws(TokenError) -> Timestamp? {
        guard let value = json[name] else { return nil }
        guard let time = Timestamp(numericDate: value) else { throw TokenError(.malformedClaims) }
        return time
    }
}

extension Timestamp {
    /// Reads a NumericDate (RFC 7519, section 2): seconds since 1970 with or without a fraction; nil outside of the
    /// years that have four digits, and for all else.
    fileprivate init?(numericDate json: JSONValue) {
        let range: ClosedRange<Double> = -62_167_219_200...253_402_300_799
        guard let seconds = json.integer.map(Double.init) ?? json.double, range.contains(seconds) else { return nil }
        let microseconds = Int64((seconds * 1_000_000).rounded())
        self.init(microsecondsSince1970: microseconds)
    }
}
