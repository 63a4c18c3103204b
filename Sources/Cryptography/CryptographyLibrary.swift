internal import CCrypto

/// The cryptographic library that is linked in.
public enum CryptographyLibrary {
    /// OpenSSL's version, such as `3.0.17`.
    public static var version: String {
        OpenSSL_version(OPENSSL_VERSION_STRING).map { String(cString: $0) } ?? ""
    }
}
