internal import Glibc
internal import System

/// The certificates a server's is checked against when the connection string asks for a check and names none.
enum CertificateBundle {
    /// The file to name to libpq; nil leaves it to libpq.
    ///
    /// libpq 16 understands `sslrootcert=system`; here every version does.
    static func needed(for options: ConnectionString.Options, environment: (String) -> String?) -> String? {
        let isSystem = options["sslrootcert"] == "system"
        guard isSystem || (options["sslrootcert"] == nil && environment("PGSSLROOTCERT") == nil) else { return nil }
        let mode = options["sslmode"] ?? environment("PGSSLMODE")
        guard isSystem || mode == "verify-ca" || mode == "verify-full" else { return nil }
        if !isSystem, let home = environment("HOME"), access(home + "/.postgresql/root.crt", R_OK) == 0 { return nil }
        return SystemCertificates.path()
    }
}
