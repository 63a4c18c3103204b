import Cryptography
import HTTPClient
import Postgres

/// The versions of the product and of the libraries in the binary.
public enum Version {
    static let product = "0.1.0"

    /// What `--version` prints.
    ///
    /// - Parameter program: The program's name.
    public static func text(of program: String) -> String {
        """
        \(program) \(product)
        libpq \(PostgresLibrary.version)
        libcurl \(HTTPLibrary.version)
        OpenSSL \(CryptographyLibrary.version)

        """
    }
}
