internal import CCurl

/// The linked libcurl.
public enum HTTPLibrary {
    /// The version of libcurl, such as `7.88.1`.
    public static var version: String {
        // The format is `libcurl/7.88.1 OpenSSL/3.0.17 …`.
        let product = String(cString: curl_version()).split(separator: " ").first ?? ""
        return String(product.split(separator: "/").last ?? "")
    }
}
