internal import CCurl

/// The HTTP library that is linked in.
public enum HTTPLibrary {
    /// libcurl's version, such as `7.88.1`.
    public static var version: String {
        // `libcurl/7.88.1 OpenSSL/3.0.17 …`
        let product = String(cString: curl_version()).split(separator: " ").first ?? ""
        return String(product.split(separator: "/").last ?? "")
    }
}
