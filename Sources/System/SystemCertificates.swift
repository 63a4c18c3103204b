import Glibc

/// The certificate authorities that the operating system trusts.
public enum SystemCertificates {
    // The paths on Debian, Fedora, openSUSE and Alpine. A static library has no built-in path.
    private static var usualPlaces: [String] {
        [
            "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
            "/etc/ssl/cert.pem",
        ]
    }

    /// The path of the file of PEM certificates: the value of `SSL_CERT_FILE`, else the first usual path that is
    /// readable.
    ///
    /// A path from `SSL_CERT_FILE` is not checked. If the file cannot be read, connections fail; they do not fall back
    /// to other certificate authorities.
    public static func path(in environment: Environment = .current()) -> String? {
        environment["SSL_CERT_FILE"] ?? usualPlaces.first { access($0, R_OK) == 0 }
    }
}
