public import Base
public import Runs
public import System

/// The secrets of steps, by team, scope and name.
///
/// A secret belongs to one team and is looked up by that team's identifier, which the worker takes from the claim and
/// never from the plan. A plan cannot reach another team's secrets.
///
/// A secret has at least four bytes, so that ``Redaction`` can remove it from what a step leaves behind.
///
/// - `NOFX_SECRETS_DIR`: a folder with files `<team>/<scope>/<NAME>` in UTF-8, at most 64 KiB; a final line feed is
///   ignored. Symbolic links are followed within the team's folder only.
/// - `NOFX_SECRETS`: JSON such as `{"<team>":{"<scope>":{"<NAME>":"<value>"}}}`, for platforms without files. It takes
///   precedence.
public struct SecretStore: Sendable {
    /// The maximum size of a secret in bytes.
    static let limit = 64 << 10

    private static let lengths = Redaction.shortest...limit

    private let given: [UUID: [String: [String: Secret]]]
    private let folder: String?

    /// Reads the configuration; files are read when a step needs them.
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

    /// The scopes that have secrets.
    func scopes() -> [(team: UUID, scope: String)] {
        var scopes = given.mapValues { Set($0.keys) }
        for name in folder.map(ConfinedFile.names) ?? [] {
            guard let folder, let team = UUID(name) else { continue }
            let names = ConfinedFile.names(in: "\(folder)/\(name)").filter { SecretsScope(rawValue: $0) != nil }
            scopes[team, default: []].formUnion(names)
        }
        return scopes.flatMap { team, names in names.map { (team, $0) } }
    }

    /// Looks up a secret of a team.
    ///
    /// - Parameters:
    ///   - name: The name of the secret.
    ///   - scope: The scope that the step may use.
    ///   - team: The team that owns the step.
    /// - Returns: The secret; nil if it does not exist or is empty.
    /// - Throws: `SystemError` if its file cannot be read; `EILSEQ` if the file is not text, `EINVAL` if the
    ///   secret is too short to be removed from outputs.
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
        guard !bytes.isEmpty else { return nil }
        guard bytes.count >= Redaction.shortest else { throw .tooShort(Redaction.shortest) }
        return Secret(bytes)
    }
}

extension SecretStore {
    /// Reads `NOFX_SECRETS`.
    ///
    /// - Throws: `ConfigurationError`, which names the violated rule and shows no value.
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
            guard let text = value.string, lengths.contains(text.utf8.count) else {
                throw failure("must have a string of \(Redaction.shortest) to \(limit) bytes for each secret")
            }
            secrets[name.rawValue] = Secret(text)
        }
        return secrets
    }

    private static func failure(_ rule: String) -> ConfigurationError {
        ConfigurationError("NOFX_SECRETS", rule)
    }
}
