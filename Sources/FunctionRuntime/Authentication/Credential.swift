import Base

/// What a caller shows to prove who it is.
enum Credential {
    /// Finds the one credential of a request, a bearer token (RFC 6750, section 2.1).
    ///
    /// - Throws: 401 when there is none, more than one, or one of no known kind.
    static func token(in headers: Headers) throws(Problem) -> String {
        let authorizations = headers.values(of: "authorization")
        let keys = headers.values(of: "x-api-key")
        guard authorizations.count + keys.count > 0 else { throw .unauthenticated }
        guard authorizations.count + keys.count == 1 else {
            throw Problem(401, "ambiguous_credentials", "Exactly one credential may be sent.")
        }
        guard let authorization = authorizations.first else {
            throw Problem(401, "invalid_api_key", "The API key is not valid.")
        }
        // The scheme's case does not matter (RFC 9110, section 11.1).
        let scheme = "bearer "
        let scalars = authorization.unicodeScalars
        guard String(scalars.prefix(scheme.utf8.count)).lowercasedASCII.utf8.elementsEqual(scheme.utf8),
            scalars.count > scheme.utf8.count
        else { throw .unauthenticated }
        return String(scalars.dropFirst(scheme.utf8.count))
    }
}
