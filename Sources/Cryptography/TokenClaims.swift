public import Base

/// The claims of a verified token (RFC 7519, section 4).
///
/// Other claims are ignored. Roles, tenants and fields that users can edit are not statements of the issuer about the
/// user's identity or about the token's scopes.
public struct TokenClaims: Hashable, Sendable {
    /// The issuer of the token.
    public let issuer: String

    /// The user that the token identifies, unique for the issuer: 1 to 255 bytes without control characters.
    public let subject: String

    /// The subject's email address, if the issuer states that it verified the address.
    public let verifiedEmail: EmailAddress?

    /// The scopes that the issuer granted: the words of `scope` (RFC 9068, section 2.2.3.1), and the elements of `scp`
    /// and `permissions`, which some issuers use.
    ///
    /// They are trustworthy only if the issuer decides who gets a scope and does not grant every requested scope.
    public let scopes: [String]

    /// When the token was issued, if the token contains this time.
    public let issuedAt: Timestamp?

    /// When the token expires.
    ///
    /// It is accepted for one more minute, because clocks differ.
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
    /// The longest allowed time from `iat`, or from now if `iat` is missing, to `exp`.
    static let longestLifetime = Duration.seconds(86_400)

    private static let leeway = Duration.seconds(60)

    /// Parses and checks the claims of a token whose signature is verified.
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

    /// Whether a text is a valid subject.
    ///
    /// RFC 7519 sets no limits, but the subject is stored, logged and compared.
    public static func isSubject(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { !(0...0x1F).contains($0.value) && !(0x7F...0x9F).contains($0.value) }
    }

    /// The scopes in the claims; see ``scopes``.
    ///
    /// A claim with another type is ignored.
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
    /// Parses a NumericDate (RFC 7519, section 2): seconds since 1970, with or without a fraction.
    ///
    /// Returns nil for another type and for a year outside of 0000 to 9999.
    fileprivate init?(numericDate json: JSONValue) {
        let range: ClosedRange<Double> = -62_167_219_200...253_402_300_799
        guard let seconds = json.integer.map(Double.init) ?? json.double, range.contains(seconds) else { return nil }
        let microseconds = Int64((seconds * 1_000_000).rounded())
        self.init(microsecondsSince1970: microseconds)
    }
}
