internal import System

/// The certificate authorities that the client trusts.
public enum CertificateAuthorities: Sendable {
    /// The file that `SSL_CERT_FILE` names, else the operating system's bundle.
    case system

    /// Only the certificates in this PEM file.
    case file(String)
}

extension CertificateAuthorities {
    /// The path of the file to load, resolved when the first secure request is sent.
    ///
    /// - Parameter environment: The environment that may contain `SSL_CERT_FILE`; evaluated only if it is needed.
    /// - Returns: A path; the file need not be readable.
    /// - Throws: ``HTTPError`` of kind ``HTTPError/Kind/untrusted`` if no bundle exists.
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
