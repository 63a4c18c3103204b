internal import Glibc
internal import System

/// Chooses the certificate authorities for a connection string that asks for verification and names no file.
enum CertificateBundle {
    /// The certificate file to pass to libpq, or nil if libpq shall choose.
    ///
    /// `sslrootcert=system` needs libpq 16; this function supports it with every version.
    static func needed(for options: ConnectionString.Options, environment: (String) -> String?) -> String? {
        let isSystem = options["sslrootcert"] == "system"
        guard isSystem || (options["sslrootcert"] == nil && environment("PGSSLROOTCERT") == nil) else { return nil }
        let mode = options["sslmode"] ?? environment("PGSSLMODE")
        guard isSystem || mode == "verify-ca" || mode == "verify-full" else { return nil }
        if !isSystem, let home = environment("HOME"), access(home + "/.postgresql/root.crt", R_OK) == 0 { return nil }
        return SystemCertificates.path()
    }
}
