public import Base
import Cryptography
public import Postgres

/// A program's credential: `nofx_<environment>_<identifier>_<secret><checksum>`.
///
/// The environment and the checksum, a CRC-32 of the text before it, reject most texts that are not keys without a
/// database query. They also let secret scanners find published keys. The secret has 256 random bits, so a plain hash
/// is enough to store it.
public struct APIKey: Sendable {
    /// Why a text is no key, for the log.
    public enum Refusal: String, Error {
        case malformed
        case wrongChecksum = "wrong_checksum"
        case otherEnvironment = "other_environment"
    }

    /// What every key begins with, and no token.
    public static let marker = "nofx_"

    private static let secretLength = 43

    /// Which installation the key is for.
    public let environment: KeyEnvironment

    /// Names the key; no secret.
    public let id: KeyID

    private let secret: Secret

    /// Makes a new key.
    public static func make(for environment: KeyEnvironment) -> APIKey {
        APIKey(environment: environment, id: .make(), secret: Secret(Base62.random(secretLength)))
    }

    private init(environment: KeyEnvironment, id: KeyID, secret: Secret) {
        self.environment = environment
        self.id = id
        self.secret = secret
    }

    /// Reads a key as a caller sends it; whether there is such a key, the database knows.
    ///
    /// - Throws: Why it cannot be a key of this environment.
    public init(_ text: String, for environment: KeyEnvironment) throws(Refusal) {
        let parts = text.utf8.split(separator: UInt8(ascii: "_"), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].elementsEqual(Self.marker.utf8.dropLast()),
            let named = KeyEnvironment(exactly: parts[1]), let id = KeyID(String(Substring(parts[2]))),
            parts[3].count == Self.secretLength + Base62.width, parts[3].allSatisfy(Base62.isDigit)
        else { throw .malformed }
        let checksum = CRC32.checksum(text.utf8.dropLast(Base62.width))
        guard parts[3].suffix(Base62.width).elementsEqual(Base62.encode(checksum)) else { throw .wrongChecksum }
        guard named == environment else { throw .otherEnvironment }
        self.init(environment: named, id: id, secret: Secret(Array(parts[3].prefix(Self.secretLength))))
    }

    /// The whole key, for the user who created it only.
    public var text: String {
        let body = Array("\(environment.prefix(of: id))_".utf8) + secret.bytes
        return String(decoding: body + Base62.encode(CRC32.checksum(body)), as: UTF8.self)
    }

    /// The SHA-256 of the secret; the database stores nothing else of it.
    ///
    /// It does not cover the environment and the checksum, which anybody can write anew: the database stores the
    /// environment as well, and finds a key only where both agree.
    public var secretHash: [UInt8] { SHA256.digest(secret.bytes) }
}

/// Names an API key: twelve digits and letters, part of the key, no secret.
public struct KeyID: RawRepresentable, Hashable, InputValue, OutputValue, PostgresEncodable, PostgresDecodable,
    LosslessStringConvertible
{
    private static let length = 12

    public let rawValue: String

    /// Makes a new identifier.
    public static func make() -> KeyID {
        KeyID(trusted: String(decoding: Base62.random(length), as: UTF8.self))
    }

    public init?(rawValue: String) {
        guard rawValue.utf8.count == Self.length, rawValue.utf8.allSatisfy(Base62.isDigit) else { return nil }
        self.rawValue = rawValue
    }

    /// The identifier in a text; nil for any other.
    public init?(_ text: String) {
        self.init(rawValue: text)
    }

    private init(trusted text: String) {
        rawValue = text
    }

    public static var rule: String { "string, \(length) of 0-9, A-Z and a-z" }
    public static var form: ValueForm { .pattern("^[0-9A-Za-z]{\(length)}$") }

    public init(input: JSONValue) throws(Violations) {
        guard let id = KeyID(try String(input: input)) else {
            throw Violations(.invalidFormat, "must have \(Self.length) digits and letters")
        }
        self = id
    }

    public var description: String { rawValue }
}

/// Which installation an API key is for, so that a key from a test system opens nothing that matters, nor the other way
/// round.
public enum KeyEnvironment: String, CaseIterable, Sendable, PostgresEncodable, PostgresDecodable {
    case live, test

    /// The environment with exactly this name.
    public init?(exactly name: some Sequence<UInt8>) {
        guard let match = Self.allCases.first(where: { name.elementsEqual($0.rawValue.utf8) }) else { return nil }
        self = match
    }

    /// What a key of this environment begins with, which names it and may be shown.
    public func prefix(of id: KeyID) -> String { "\(APIKey.marker)\(rawValue)_\(id)" }
}
