internal import Glibc
internal import System

/// Whom to believe about a server's identity.
public enum CertificateAuthorities: Sendable {
    /// The file named by `SSL_CERT_FILE`, else the bundle of the operating system.
    case system

    /// A file of PEM certificates, and no others.
    case file(String)
}

extension CertificateAuthorities {
    /// Where Debian, Fedora, openSUSE and Alpine keep the bundle; a static libcurl knows no place of its own.
    private static let usualPlaces = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    /// The file to load, looked up when the first secure request is sent.
    ///
    /// A file that was named is taken as it is: if it cannot be read, the connection fails rather than
    /// trusting somebody else.
    ///
    /// - Parameter environment: Where `SSL_CERT_FILE` may be; read only if it matters.
    /// - Returns: A path, not necessarily that of a readable file.
    /// - Throws: ``HTTPError`` of kind ``HTTPError/Kind/tls`` if there is no bundle anywhere.
    func path(in environment: @autoclosure () -> Environment = .current()) throws(HTTPError) -> String {
        switch self {
        case .file(let path):
            return path
        case .system:
            if let named = environment()["SSL_CERT_FILE"] { return named }
            guard let found = Self.usualPlaces.first(where: { access($0, R_OK) == 0 }) else {
                throw HTTPError(.tls, "no file of certificate authorities found; set SSL_CERT_FILE")
            }
            return found
        }
    }
}
