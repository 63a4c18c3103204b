internal import System

/// Whom to believe about a server's identity.
public enum CertificateAuthorities: Sendable {
    /// The file named by `SSL_CERT_FILE`, else the bundle of the operating system.
    case system

    /// A file of PEM certificates, and no others.
    case file(String)
}

extension CertificateAuthorities {
    /// The file to load, looked up when the first secure request is sent.
    ///
    /// - Parameter environment: Where `SSL_CERT_FILE` may be; read only if it matters.
    /// - Returns: A path, not necessarily that of a readable file.
    /// - Throws: ``HTTPError`` of kind ``HTTPError/Kind/untrusted`` if there is no bundle anywhere.
    func path(in environment: @autoclosure () -> Environment = .current()) throws(HTTPError) -> String {
        switch self {
        case .file(let path):
            return path
        case .system:
            guard let found = SystemCertificates.path(in: environment()) else {
                throw HTTPError(.untrusted, "no file of certificate authorities found; set SSL_CERT_FILE")
            }
            return found
        }
    }
}
