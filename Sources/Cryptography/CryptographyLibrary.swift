internal import CCrypto

/// The linked OpenSSL.
public enum CryptographyLibrary {
    /// The version of OpenSSL, such as `3.0.17`.
    public static var version: String {
        OpenSSL_version(OPENSSL_VERSION_STRING).map { String(cString: $0) } ?? ""
    }
}
