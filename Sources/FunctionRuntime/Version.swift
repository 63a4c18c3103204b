import Cryptography
import HTTPClient
import Postgres

/// The versions of what is in the binary.
enum Version {
    static let product = "0.1.0"

    static var libpq: String { PostgresLibrary.version }
    static var libcurl: String { HTTPLibrary.version }
    static var openSSL: String { CryptographyLibrary.version }
}
