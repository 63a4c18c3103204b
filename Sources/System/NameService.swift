import CSystem

/// How the C library resolves host names.
public enum NameService {
    /// Restricts host name resolution to `/etc/hosts` and DNS.
    ///
    /// A static glibc program would otherwise follow a foreign `nsswitch.conf` and load modules that were
    /// made for another glibc. Call it before the first resolution.
    public static func useFilesAndDNS() {
        _ = __nss_configure_lookup("hosts", "files dns")
    }
}
