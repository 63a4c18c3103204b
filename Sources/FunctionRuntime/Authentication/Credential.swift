import Base
import Core

/// What a caller shows to prove who it is.
enum Credential {
    /// A bearer token (RFC 6750, section 2.1).
    case token(String)

    /// What stands in `X-API-Key`.
    case key(String)

    static let ambiguous = Problem(
        status: 401,
        code: "ambiguous_credentials",
        detail: "Exactly one credential may be sent."
    )

    /// Finds the one credential of a request.
    ///
    /// - Throws: 401 when there is none, more than one, or one of no known kind.
    init(in headers: Headers) throws(Problem) {
        let authorizations = headers.values(of: "authorization")
        let keys = headers.values(of: "x-api-key")
        guard authorizations.count + keys.count > 0 else { throw .unauthenticated }
        guard authorizations.count + keys.count == 1 else { throw Self.ambiguous }
        if let key = keys.first {
            self = .key(key)
            return
        }
        // The scheme's case does not matter (RFC 9110, section 11.1).
        let scheme = "bearer "
        guard let scalars = authorizations.first?.unicodeScalars,
            String(scalars.prefix(scheme.utf8.count)).lowercasedASCII.utf8.elementsEqual(scheme.utf8),
            scalars.count > scheme.utf8.count
        else { throw .unauthenticated }
        self = .token(String(scalars.dropFirst(scheme.utf8.count)))
    }
}

extension Headers {
    /// Adds the credential of a command line: an API key if it looks like one, or else a token.
    mutating func add(credential: String) {
        if credential.utf8.starts(with: APIKey.marker.utf8) {
            add("x-api-key", credential)
        } else {
            add("authorization", "Bearer \(credential)")
        }
    }
}
