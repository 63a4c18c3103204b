public import Base
public import Runs
public import System

/// Where steps' secrets are kept: by team, scope and name.
///
/// Every secret belongs to one team and is found under that team's identifier only, which a worker takes from the
/// claim and never from what the team wrote. So no team reaches another's, whatever its plans say.
///
/// - `NOFX_SECRETS_DIR`, a folder with files `<team>/<scope>/<NAME>`: UTF-8, at most 64 KiB, a line feed at the end not
///   counted. Links may lead anywhere within the team's own folder and nowhere else.
/// - `NOFX_SECRETS`, JSON such as `{"<team>":{"<scope>":{"<NAME>":"<value>"}}}`, for where there are no files. It is
///   looked at first.
public struct SecretStore: Sendable {
    /// The longest secret, in bytes.
    static let limit = 64 << 10

    private let given: [UUID: [String: [String: Secret]]]
    private let folder: String?

    /// Reads which secrets there are in the environment; files are read when they are needed.
    ///
    /// - Throws: `ConfigurationError`, which never shows a value.
    public init(_ environment: Environment) throws(ConfigurationError) {
        let variable = "NOFX_SECRETS_DIR"
        folder = environment[variable]
        guard folder?.utf8.first.map({ $0 == UInt8(ascii: "/") }) ?? true else {
            throw ConfigurationError(variable, "must be an absolute path")
        }
        given = try environment["NOFX_SECRETS"].map(Self.read) ?? [:]
    }

    /// A team's secret.
    ///
    /// - Parameters:
    ///   - name: What it is called.
    ///   - scope: Which secrets the step may use.
    ///   - team: Whose step it is.
    /// - Returns: The secret; nil where there is none, and for an empty one.
    /// - Throws: `SystemError` for a file that cannot be read, `EILSEQ` among them for one that is no text.
    public func secret(_ name: SecretName, of scope: SecretsScope, for team: UUID) throws(SystemError) -> Secret? {
        if let secret = given[team]?[scope.rawValue]?[name.rawValue] { return secret }
        guard let folder else { return nil }
        let path = "\(scope.rawValue)/\(name.rawValue)"
        let file = try ConfinedFile.read(path, in: "\(team)", of: folder, limit: Self.limit + 2)
        guard var bytes = file else { return nil }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard bytes.count <= Self.limit else { throw .tooLarge }
        guard !bytes.contains(0), String(validating: bytes, as: UTF8.self) != nil else { throw .notText }
        return bytes.isEmpty ? nil : Secret(bytes)
    }
}

extension SecretStore {
    /// Reads `NOFX_SECRETS`.
    ///
    /// - Throws: `ConfigurationError`, which says where it is wrong and shows no value.
    static func read(_ text: String) throws(ConfigurationError) -> [UUID: [String: [String: Secret]]] {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONDocument(parsing: Array(text.utf8)).root
        } catch {
            throw failure("must be a JSON object, but \(error)")
        }
        guard root.kind == .object else { throw failure("must be a JSON object") }
        var teams: [UUID: [String: [String: Secret]]] = [:]
        for (key, value) in root.members {
            guard let team = UUID(key), teams[team] == nil else {
                throw failure("must have teams' identifiers for keys, each once")
            }
            teams[team] = try scopes(value)
        }
        return teams
    }

    private static func scopes(_ value: JSONValue) throws(ConfigurationError) -> [String: [String: Secret]] {
        guard value.kind == .object else { throw failure("must have an object of scopes for each team") }
        var scopes: [String: [String: Secret]] = [:]
        for (key, value) in value.members {
            guard let scope = SecretsScope(rawValue: key) else {
                throw failure("must have scopes named by \(SecretsScope.rule)")
            }
            scopes[scope.rawValue] = try secrets(value)
        }
        return scopes
    }

    private static func secrets(_ value: JSONValue) throws(ConfigurationError) -> [String: Secret] {
        guard value.kind == .object else { throw failure("must have an object of secrets for each scope") }
        var secrets: [String: Secret] = [:]
        for (key, value) in value.members {
            guard let name = SecretName(rawValue: key) else {
                throw failure("must have secrets named by letters, digits and _, at most 128")
            }
            guard let text = value.string, (1...Self.limit).contains(text.utf8.count) else {
                throw failure("must have a string of 1 to \(Self.limit) bytes for each secret")
            }
            secrets[name.rawValue] = Secret(text)
        }
        return secrets
    }

    private static func failure(_ rule: String) -> ConfigurationError {
        ConfigurationError("NOFX_SECRETS", rule)
    }
}
