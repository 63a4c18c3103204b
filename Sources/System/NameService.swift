import CSystem

/// Host name resolution of the C library.
public enum NameService {
    /// Restricts host name resolution to `/etc/hosts` and DNS.
    ///
    /// Otherwise a static glibc program follows the system's `nsswitch.conf` and loads modules that were built for
    /// another version of glibc. Call this before the first name resolution.
    public static func useFilesAndDNS() {
        _ = __nss_configure_lookup("hosts", "files dns")
    }
}
