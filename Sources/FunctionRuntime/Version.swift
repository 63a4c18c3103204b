import Cryptography
import HTTPClient
import Postgres

/// The versions of the product and of the linked libraries.
public enum Version {
    static let product = "0.1.0"

    /// The text that `--version` prints.
    ///
    /// - Parameter program: The program's name.
    /// - Returns: Lines with a name and a version each.
    public static func text(of program: String) -> String {
        """
        \(program) \(product)
        libpq \(PostgresLibrary.version)
        libcurl \(HTTPLibrary.version)
        OpenSSL \(CryptographyLibrary.version)

        """
    }
}
