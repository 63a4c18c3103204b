import Glibc

/// The certificate authorities that the operating system believes in.
public enum SystemCertificates {
    // Debian's, Fedora's, openSUSE's and Alpine's; a static library knows no place of its own.
    private static var usualPlaces: [String] {
        [
            "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
            "/etc/ssl/cert.pem",
        ]
    }

    /// The file of PEM certificates: the one that `SSL_CERT_FILE` names, else the first there is.
    ///
    /// A file that was named is taken as it is: if it cannot be read, a connection fails rather than trusting
    /// somebody else.
    public static func path(in environment: Environment = .current()) -> String? {
        environment["SSL_CERT_FILE"] ?? usualPlaces.first { access($0, R_OK) == 0 }
    }
}
